"""A replica that has stopped or fallen behind does not follow the upgrade's changes, and the two databases part.

Remedy: mend the replication and let it catch up before the upgrade, or take the replica out on purpose.
Client: The copy of your phone system's database is not up to date. It must be mended before the upgrade.
Otherwise: If your phone system fails, the copy cannot take its place.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.database_facts import Replication
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

MEND = Remediation(
    id="mend_replication", kind=Kind.ENGINEER, text="mend the replication and let it catch up", reversible=True
)


# A login that may not see the replication's state is common: it blocks nobody. A broken replica does.
@check(severity=Severity.HIGH, blocking=False)
def replication_broken(replication: Replication, profile: Profile) -> Iterator[Problem]:
    limit = profile.database_health.replica_lag_s
    for channel in replication.channels:
        subject = channel.name or "replication"
        threads = {"IO": channel.io_running, "SQL": channel.sql_running}
        if stopped := [f"{name} thread" for name, runs in threads.items() if not runs]:
            error = f", last error {channel.error}" if channel.error else ""
            summary = f"the {' and '.join(stopped)} of replication stopped{error}"
            yield Problem(subject=subject, summary=summary, blocking=True, remediations=(MEND,))
        elif channel.lag_s is not None and channel.lag_s > limit:
            lag, most = Quantity(value=channel.lag_s, unit="s"), Quantity(value=limit, unit="s")
            yield Problem(subject=subject, summary=f"the replica is {lag} behind", measured=lag, threshold=most,
                          severity=Severity.MEDIUM, remediations=(MEND,))
