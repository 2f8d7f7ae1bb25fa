"""A table that the database server cannot open stops the upgrade's changes to the database half way.

Remedy: `CHECK TABLE … FOR UPGRADE` and `REPAIR TABLE` off-hours (both lock the table), after a backup.
Client: A part of your phone system's database is damaged. We need to repair it outside your business hours.
Otherwise: The upgrade would stop half way, so we cannot make it. What is stored there may be lost.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.crashed import repairable
from tasks.model.check import check
from tasks.model.facts import Tables
from tasks.model.finding import Kind, Problem, Remediation, Severity

REPAIR = Remediation(
    id="repair_table",
    kind=Kind.COMMAND,
    text="copy the table aside and repair it off-hours; rows that cannot be saved are lost",
    reversible=False,
    downtime_s=600,
)
BY_HAND = Remediation(
    id="repair_table_by_hand",
    kind=Kind.ENGINEER,
    text="find out what is wrong with the table, and restore it from a backup where it cannot be repaired",
    reversible=False,
    downtime_s=3600,
)


@check(severity=Severity.HIGH, blocking=True, version=2)
def damaged_tables(tables: Tables) -> Iterator[Problem]:
    for table in tables.tables:
        # A view has no engine either; information_schema marks it in the comment.
        if table.engine is None and table.comment != "VIEW":
            said = table.comment or "the server gives no reason"
            remedy = REPAIR if repairable(said) else BY_HAND
            yield Problem(subject=table.name, summary=f"{table.name} cannot be opened: {said}", remediations=(remedy,))
