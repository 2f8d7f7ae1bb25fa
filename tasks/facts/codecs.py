"""Which codecs each trunk allows, as Asterisk itself prints them, and which of them Asterisk can translate.

Only trunks are asked one by one, the first twenty of each driver: chan_sip's peers with an address of their own, and
PJSIP's endpoints that are identified by address or log in themselves. Extensions would cost a command each.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.asterisk_facts import Codecs, TrunkCodecs
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import SipDriver
from tasks.model.profile import Profile
from tasks.model.reading import sections, whole

_MOST = 20
_STATIC_PEERS = (
    '/^No such command/ { exit } $3 != "D" && $1 != "Name/username" && !/^[0-9]+ sip peers/ && NF > 5 '
    '{ sub(/\\/.*/, "", $1); print $1 }'
)
_TRUNKS = (
    '$2 ~ /^</ { next } $1 == "Endpoint:" { name = $2; sub(/\\/.*/, "", name) } '
    '($1 == "OutAuth:" || $1 == "Identify:") && name != last { last = name; print name }'
)
_ALLOWED = '/^ *(Codecs|allow) *:/ { sub(/^[^:]*: */, ""); gsub(/[() ]/, ""); print $0; exit }'
_MATRIX = '/Source Format/ { found = 1; next } found && NF { print; exit }'
_TOLD = re.compile(r"^codecs (chan_sip|chan_pjsip) (\S+) ?(\S*)$")


def ask(profile: Profile) -> str:
    asterisk = shlex.join(profile.commands.asterisk)

    def trunks(listed: str, names: str, shown: str, driver: SipDriver) -> str:
        return (
            f"{asterisk} {shlex.quote(listed)} | awk {shlex.quote(names)} | head -n {_MOST} | while read -r name; do "
            f'echo "codecs {driver} $name $({asterisk} "{shown} $name" </dev/null | awk {shlex.quote(_ALLOWED)})"; done'
        )

    return "; ".join((
        "echo --translation--", f"{asterisk} 'core show translation' | awk {shlex.quote(_MATRIX)}",
        "echo --trunks--", trunks("sip show peers", _STATIC_PEERS, "sip show peer", SipDriver.CHAN_SIP),
        trunks("pjsip show endpoints", _TRUNKS, "pjsip show endpoint", SipDriver.PJSIP),
    ))


def parse(answer: Answer) -> Codecs:
    told = sections(whole(answer))
    translated = frozenset(word for line in told.get("translation", []) for word in line.split())
    if not translated:
        state = "is not running" if "Unable to connect" in answer.stderr else "did not answer with one"
        raise Unreadable(f"expected the table of `core show translation`; Asterisk {state}")
    found = [_TOLD.match(line) for line in told.get("trunks", [])]
    return Codecs(tuple(
        TrunkCodecs(one[2], SipDriver(one[1]), _listed(one[3])) for one in found if one
    ), translated)


def _listed(text: str) -> tuple[str, ...]:
    """``ulaw:20|alaw`` without the lengths of frames; Asterisk writes ``nothing`` for an empty list."""
    names = (part.partition(":")[0].lower() for part in re.split(r"[|,]", text))
    return tuple(name for name in names if name not in ("", "nothing"))


FACT = ShellFact("codecs", Codecs, ask, parse, limit_s=10.0)
