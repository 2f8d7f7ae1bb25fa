"""A wrong clock writes calls into the wrong hour, finds good certificates invalid, and misses the agreed window.

Remedy: set the clock, let it be kept by NTP, and restart the services that hold times in memory.
Client: The clock of your phone system is wrong. We need to set it before the upgrade.
Otherwise: Calls are recorded with the wrong time, and the upgrade may begin at another time than agreed.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.host import clock_offset as offset_of
from tasks.model.check import check
from tasks.model.facts import Identity
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.system_facts import VisitedDuring

SET = Remediation(id="set_clock", kind=Kind.ENGINEER, text="set the clock and let NTP keep it", reversible=False)


@check(severity=Severity.MEDIUM, blocking=False)
def clock_offset(identity: Identity, visited: VisitedDuring, profile: Profile) -> Iterator[Problem]:
    offset_s = offset_of(identity, visited).total_seconds()
    if abs(offset_s) > profile.health.clock_offset_s:
        measured = Quantity(value=abs(round(offset_s)), unit="s")
        yield Problem(
            subject="clock",
            summary=f"the clock is at least {measured} {'ahead' if offset_s > 0 else 'behind'}",
            measured=measured,
            threshold=Quantity(value=profile.health.clock_offset_s, unit="s"),
            remediations=(SET,),
        )
