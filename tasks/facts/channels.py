"""Which calls are up, and for how long. No caller, no number that was dialled: a channel's name, state and duration.

`core show channels concise` writes fourteen fields with ``!`` between them, of which the application's data may hold
one itself: the duration is the third from the end (Asterisk's main/cli.c).
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.asterisk_facts import Channel, Channels
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import sections, whole

_MOST = 1000
_AWK = (
    f'NF >= 14 && $(NF - 2) ~ /^[0-9]+$/ && n++ < {_MOST} {{ gsub(/ /, "_", $5); '
    'print "channel", $(NF - 2), ($5 == "" ? "-" : $5), ($6 == "" ? "-" : $6), $1 }'
)
_CHANNEL = re.compile(r"^channel (\d{1,10}) (\S+) (\S+) (\S.*)$", re.ASCII)
_CALLS = re.compile(r"^(\d{1,9})(?: of \d{1,9} max)? active calls?\b", re.ASCII)


def ask(profile: Profile) -> str:
    def rx(command: str) -> str:
        return shlex.join((*profile.commands.asterisk, command))

    return (
        f"echo --channels--; {rx('core show channels concise')} | awk -F! {shlex.quote(_AWK)}; "
        f"echo --count--; {rx('core show channels count')}"
    )


def parse(answer: Answer) -> Channels:
    told = sections(whole(answer))
    calls = next((found for line in told.get("count", []) if (found := _CALLS.match(line))), None)
    if calls is None:
        state = "is not running" if "Unable to connect" in answer.stderr else "did not answer with one"
        raise Unreadable(f"expected the count of `core show channels count`; Asterisk {state}")
    rows = [_CHANNEL.match(line) for line in told.get("channels", [])]
    return Channels(int(calls[1]), tuple(
        Channel(name=one[4], state=one[2], application=one[3], duration_s=int(one[1])) for one in rows if one
    ))


FACT = ShellFact("channels", Channels, ask, parse)
