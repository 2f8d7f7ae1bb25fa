"""A database that takes no writes fails the upgrade's first change to it; and no call is recorded even now.

Servers are set to read_only as replicas, by a failover, or by hand and forgotten.
Remedy: find out why it was set; where the system is no standby, set read_only to OFF for good.
Client: Your phone system's database is switched to read-only, so it cannot be upgraded. Please tell us if you know why.
Otherwise: The upgrade cannot be made, and calls may not be recorded even now.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.database_facts import DatabaseSettings
from tasks.model.finding import Kind, Problem, Remediation, Severity

SWITCH = Remediation(
    id="allow_writes", kind=Kind.ENGINEER, text="find out why it is set, and set read_only to OFF", reversible=True
)


@check(severity=Severity.HIGH, blocking=True)
def database_read_only(settings: DatabaseSettings) -> Iterator[Problem]:
    if settings.read_only:
        summary = "the database server is read only: the upgrade cannot change its tables"
        yield Problem(subject="read_only", summary=summary, remediations=(SWITCH,))
