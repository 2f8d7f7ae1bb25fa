"""Which phones and trunks are registered, by name: the set, not the count, is what an upgrade must leave as it was.

chan_sip and PJSIP tell it differently, and an upgrade may change from one to the other: both are read into the same
words. Names are extensions and trunks; ``to HOST`` is a registration of the PBX itself with a carrier.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.fact import Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import sections
from tasks.model.snapshot import Scalar

REGISTERED, UNREACHABLE, REFUSED = "registered", "unreachable", "not registered"
_PEER = re.compile(
    r"^(?P<name>[^/\s]+)(?:/\S*)?\s+(?P<host>\S+)\s.*?\s\d{1,5}\s+"
    r"(?P<status>OK|LAGGED|UNREACHABLE|UNKNOWN|Unmonitored)\b"
)
_CONTACT = re.compile(r"^\s*Contact:\s+(?P<name>.+?)/sips?:\S*\s+\S+\s+(?P<status>Avail|Unavail|NonQual|Unknown)\b")
_REGISTRY = re.compile(r"^(?P<host>\S+?)(?::\d+)?\s+[YN]\s+\S+\s+\d+\s+(?P<status>\S.*?)(?:\s{2,}|$)")
_OUTBOUND = re.compile(r"^\s*\S+/sips?:(?:[^@\s]+@)?(?P<host>[^:;\s]+)\S*\s+\S+\s+(?P<status>\S+)")


def ask(profile: Profile) -> str:
    def rx(command: str) -> str:
        return shlex.join((*profile.commands.asterisk, command))

    return "; ".join((
        "echo --peers--", rx("sip show peers"), "echo --registry--", rx("sip show registry"),
        "echo --contacts--", rx("pjsip show contacts"), "echo --outbound--", rx("pjsip show registrations"),
    ))


def parse(answer: Answer) -> dict[str, Scalar]:
    told = sections(answer)
    peers, contacts = told.get("peers", []), told.get("contacts", [])
    old = any(re.search(r"^\d+ sip peers\b", line) for line in peers)
    new = any(re.search(r"^(Objects found: \d+|No objects found)", line) for line in contacts)
    if not old and not new:
        state = "is not running" if "Unable to connect" in answer.stderr else "did not answer with one"
        raise Unreadable(f"expected the list of `sip show peers` or `pjsip show contacts`; Asterisk {state}")
    found: dict[str, Scalar] = {}
    for line in peers if old else []:
        peer = _PEER.match(line)
        if peer and peer["host"] != "(Unspecified)":
            found[peer["name"]] = UNREACHABLE if peer["status"] == "UNREACHABLE" else REGISTERED
    for line in contacts if new else []:
        contact = _CONTACT.match(line)
        if contact and found.get(contact["name"]) != REGISTERED:        # one reachable contact of several is enough
            found[contact["name"]] = UNREACHABLE if contact["status"] == "Unavail" else REGISTERED
    for form, lines in ((_REGISTRY, told.get("registry", [])), (_OUTBOUND, told.get("outbound", []))):
        for line in lines:
            own = form.match(line)
            if own:
                name = f"to {own['host']}"
                good = own["status"] == "Registered" and found.get(name) != REFUSED
                found[name] = REGISTERED if good else REFUSED
    return found
