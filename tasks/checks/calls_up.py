"""Calls that are up when the upgrade stops Asterisk are cut off.

What a sweep saw is worth knowing only: shortly before the upgrade a guard looks for calls, and waits for their end.
Remedy: choose hours in which nobody calls, or wait until the calls have ended.
Client: People are on the phone at the moment. Calls that are still up when the upgrade begins will be cut off.
Otherwise: Whoever is on the phone when the upgrade begins is cut off in the middle of the call.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import Channels
from tasks.model.check import Yielded, check
from tasks.model.finding import Notice, Problem, Quantity, Severity
from tasks.model.occasion import WITH_THE_HOUR
from tasks.model.profile import Profile


@check(severity=Severity.LOW, blocking=False, only_told=WITH_THE_HOUR)
def calls_up(channels: Channels, profile: Profile) -> Iterator[Yielded]:
    if not channels.calls:
        return
    calls, busy = Quantity(value=channels.calls, unit="calls"), profile.telephony.busy_calls
    if channels.calls >= busy:
        yield Problem(subject="calls", summary=f"{calls} up: the system is in use", measured=calls,
                      threshold=Quantity(value=busy, unit="calls"))
    else:
        yield Notice(subject="calls", summary=f"{calls} up", measured=calls)
