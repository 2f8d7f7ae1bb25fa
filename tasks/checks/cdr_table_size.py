"""The upgrade rebuilds the table of calls row by row while phones are silent: a big one outlasts the promised downtime.

Remedy: move old calls to an archive table before the upgrade, or agree on a longer window with the client.
Client: Your call history is so large that the upgrade would take longer than planned. Old calls can be archived first.
Otherwise: Your telephones are silent for longer during the upgrade than we promised.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.duration import estimate_upgrade, rows_within
from tasks.model.check import Yielded, check
from tasks.model.facts import Tables
from tasks.model.finding import CannotTell, Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

ARCHIVE = Remediation(
    id="archive_old_cdr",
    kind=Kind.COMMAND,
    text="move old calls to an archive table, which is kept; reports show them again once they are moved back",
    reversible=True,
)


@check(severity=Severity.MEDIUM, blocking=True)
def cdr_table_size(tables: Tables, profile: Profile) -> Iterator[Yielded]:
    cdr = tables.get(profile.database.cdr_table)
    if cdr is None or cdr.engine is None:
        yield CannotTell(subject=profile.database.cdr_table, summary="there is no table of calls that can be opened")
        return
    total, promised_s = estimate_upgrade(cdr, profile).total, profile.estimate.promised_downtime_s
    if total.high_s > promised_s:
        measured, threshold = Quantity(value=total.high_s, unit="s"), Quantity(value=promised_s, unit="s")
        summary = f"{cdr.rows:,} rows ({cdr.engine}): {total.low_s:,.0f} to {measured}, promised are {threshold}; "
        summary += f"up to {rows_within(promised_s, cdr, profile):,} rows fit"
        yield Problem(subject=cdr.name, summary=summary, measured=measured, threshold=threshold,
                      blocking=False, remediations=(ARCHIVE,))
