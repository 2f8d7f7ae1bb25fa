"""The system lives in another time zone than the fleet file says: the agreed hour of the upgrade would be another one.

Remedy: correct the time zone, in the fleet file or on the system; calls that were written keep the old one.
Client: Your phone system is set to another time zone than we have on record. Please tell us which one is right.
Otherwise: We might plan the upgrade for an hour in which you telephone.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.host import zone_differs
from tasks.model.check import check
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.fleet import System
from tasks.model.system_facts import Timekeeping, VisitedDuring

CORRECT = Remediation(
    id="correct_zone", kind=Kind.CLIENT, text="say which time zone is right; it is corrected", reversible=True
)


@check(severity=Severity.MEDIUM, blocking=False)
def time_zone_differs(keeping: Timekeeping, system: System, visited: VisitedDuring) -> Iterator[Problem]:
    if zone_differs(keeping, system.zone, visited.started_at):
        own = keeping.zone or f"{keeping.utc_offset.total_seconds() / 3600:+g} h from UTC"
        summary = f"the system is in {own}, the fleet file says {system.timezone}"
        yield Problem(subject="time_zone", summary=summary, remediations=(CORRECT,))
