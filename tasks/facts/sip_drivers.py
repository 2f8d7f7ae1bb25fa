"""Which SIP drivers Asterisk has loaded, and how much is configured in each.

A driver that is not there answers "No such command", which is an answer. Both drivers can be loaded at once.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import SipDriver, SipDrivers
from tasks.model.profile import Profile
from tasks.model.reading import sections

_PEERS = re.compile(r"^(\d{1,9}) sip peers\b", re.ASCII)
_ENDPOINTS = re.compile(r"^Objects found: (\d{1,9})\b", re.ASCII)
_MODULE = re.compile(r"^(chan_sip|chan_pjsip)(\.so)?\s")


def ask(profile: Profile) -> str:
    def rx(command: str) -> str:
        return shlex.join((*profile.commands.asterisk, command))

    return "; ".join((
        "echo --modules--", rx("module show like chan_"),
        "echo --peers--", rx("sip show peers") + " | tail -n 3",
        "echo --endpoints--", rx("pjsip show endpoints") + " | tail -n 4",
    ))


def parse(answer: Answer) -> SipDrivers:
    told = sections(answer)
    modules = told.get("modules", [])
    if not any(re.match(r"\d+ modules? loaded", line) for line in modules):
        state = "is not running" if "Unable to connect" in answer.stderr else "did not answer with one"
        raise Unreadable(f"expected the list of `module show like chan_`; Asterisk {state}")
    loaded = frozenset(
        SipDriver(found[1]) for line in modules if (found := _MODULE.match(line)) and "Not Running" not in line
    )
    return SipDrivers(
        loaded=loaded,
        chan_sip_peers=_count(_PEERS, told.get("peers", []), SipDriver.CHAN_SIP in loaded, "sip peers"),
        pjsip_endpoints=_count(_ENDPOINTS, told.get("endpoints", []), SipDriver.PJSIP in loaded, "PJSIP endpoints"),
    )


def _count(form: re.Pattern[str], lines: list[str], loaded: bool, what: str) -> int:
    for line in lines:
        if found := form.match(line.strip()):
            return int(found[1])
    if not loaded or any("No objects found" in line for line in lines):
        return 0
    raise Unreadable(f"expected the number of {what}, got none though the driver is loaded")


FACT = ShellFact("sip_drivers", SipDrivers, ask, parse)
