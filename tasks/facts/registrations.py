"""Which extensions and trunks are registered or answer, by name, and the PBX's own registrations with carriers.

Asterisk's tables hold the addresses of phones: what is not needed is left out on the system itself. The set of names is
what an upgrade must leave as it was, whichever driver tells it.
"""
from __future__ import annotations

import shlex

from tasks.model.answer import Answer
from tasks.model.asterisk_facts import Line, OutboundRegistration, Reach, Registrations
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import SipDriver
from tasks.model.profile import Profile
from tasks.model.reading import sections, whole

_PEERS = (
    '/^[0-9]+ sip peers/ { print "listed"; next } NF > 3 && $1 != "Name/username" { rest = substr($0, 40); '
    'if (match(rest, /OK \\(|LAGGED|UNREACHABLE|UNKNOWN|Unmonitored/)) { status = substr(rest, RSTART, RLENGTH); '
    'sub(/ \\(/, "", status); sub(/\\/.*/, "", $1); '
    'print "peer", $1, ($3 == "D" ? "dynamic" : "static"), ($2 == "(Unspecified)" ? "absent" : "known"), status } }'
)
_REGISTRY = (
    '/^[0-9]+ SIP registrations/ { print "listed"; next } /^No such command/ { print "absent" } '
    '$1 != "Host" { rest = substr($0, 40); if (match(rest, /Registered|Request Sent|Auth\\. Sent|Rejected|Timeout|'
    'No Authentication|Failed|Unregistered|Unreachable|Stopped/)) { state = substr(rest, RSTART, RLENGTH); '
    'gsub(/ /, "_", state); sub(/:[0-9]*$/, "", $1); print "registration", $1, state } }'
)
_ENDPOINTS = (
    '/^(Objects found|No objects found)/ { print "listed"; next } $2 ~ /^</ { next } '
    '$1 == "Endpoint:" { name = $2; sub(/\\/.*/, "", name); print "endpoint", name } '
    '$1 == "OutAuth:" || $1 == "Identify:" { print "trunk", name } '
    '$1 == "Contact:" && match($0, / (Avail|Unavail|NonQual|Unqualified|Unknown)( |$)/) '
    '{ state = substr($0, RSTART, RLENGTH); gsub(/ /, "", state); print "contact", name, state }'
)
_OUTBOUND = (
    '/^(Objects found|No objects found)/ { print "listed"; next } /^No such command/ { print "absent" } '
    '$1 ~ /\\/sips?:/ && match($0, / (Registered|Rejected|Unregistered|Stopped)/) '
    '{ state = substr($0, RSTART + 1, RLENGTH - 1); sub(/^[^\\/]*\\/sips?:/, "", $1); sub(/^[^@]*@/, "", $1); '
    'sub(/[:;].*/, "", $1); print "registration", $1, state }'
)
_PEER_REACH = {"OK": Reach.ANSWERS, "LAGGED": Reach.ANSWERS, "UNREACHABLE": Reach.SILENT}
_CONTACT_REACH = {"Avail": Reach.ANSWERS, "Unavail": Reach.SILENT}
_BEST = (Reach.ANSWERS, Reach.UNWATCHED, Reach.SILENT, Reach.ABSENT)


def ask(profile: Profile) -> str:
    def rx(command: str, awk: str) -> str:
        return f"{shlex.join((*profile.commands.asterisk, command))} | awk {shlex.quote(awk)}"

    return "; ".join((
        "echo --peers--", rx("sip show peers", _PEERS), "echo --registry--", rx("sip show registry", _REGISTRY),
        "echo --endpoints--", rx("pjsip show endpoints", _ENDPOINTS),
        "echo --outbound--", rx("pjsip show registrations", _OUTBOUND),
    ))


def parse(answer: Answer) -> Registrations:
    told = {name: [line.split() for line in lines] for name, lines in sections(whole(answer)).items()}
    peers, endpoints = told.get("peers", []), told.get("endpoints", [])
    if ["listed"] not in peers and ["listed"] not in endpoints:
        state = "is not running" if "Unable to connect" in answer.stderr else "did not answer with one"
        raise Unreadable(f"expected the list of `sip show peers` or `pjsip show endpoints`; Asterisk {state}")
    static = {row[1] for row in peers if row[:1] == ["peer"] and row[2:3] == ["static"]}
    known = {row[1] for row in endpoints if row[:1] == ["trunk"] and len(row) > 1}
    lines = [(line, line.name in static) for line in _peers(peers)]
    lines += [(line, line.name in known) for line in _endpoints(endpoints)]
    outbound = [*_outbound(told, "registry", ["listed"] in peers, SipDriver.CHAN_SIP),
                *_outbound(told, "outbound", ["listed"] in endpoints, SipDriver.PJSIP)]
    return Registrations(
        tuple(line for line, trunk in lines if not trunk), tuple(line for line, trunk in lines if trunk),
        tuple(outbound),
    )


def _peers(rows: list[list[str]]) -> list[Line]:
    found = []
    for row in rows:
        if row[0] == "peer" and len(row) == 5:
            reach = Reach.ABSENT if row[3] == "absent" else _PEER_REACH.get(row[4], Reach.UNWATCHED)
            found.append(Line(row[1], SipDriver.CHAN_SIP, reach))
    return found


def _endpoints(rows: list[list[str]]) -> list[Line]:
    """Each endpoint with the best of its contacts: one phone that answers is enough."""
    reaches: dict[str, list[Reach]] = {}
    for row in rows:
        if row[0] == "endpoint" and len(row) == 2:
            reaches.setdefault(row[1], [Reach.ABSENT])
        elif row[0] == "contact" and len(row) == 3:
            reaches.setdefault(row[1], [Reach.ABSENT]).append(_CONTACT_REACH.get(row[2], Reach.UNWATCHED))
    return [Line(name, SipDriver.PJSIP, min(told, key=_BEST.index)) for name, told in reaches.items()]


def _outbound(
    told: dict[str, list[list[str]]], section: str, loaded: bool, driver: SipDriver
) -> list[OutboundRegistration]:
    rows = told.get(section, [])
    if loaded and ["listed"] not in rows and ["absent"] not in rows:
        raise Unreadable(f"expected the list of {driver}'s registrations with carriers, got none")
    return [
        OutboundRegistration(row[1], driver, row[2].replace("_", " "))
        for row in rows if row[0] == "registration" and len(row) == 3
    ]


FACT = ShellFact("registrations", Registrations, ask, parse, limit_s=10.0)
