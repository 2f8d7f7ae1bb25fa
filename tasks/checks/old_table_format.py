"""A table in a storage engine or row format of another age stops changes that newer releases make to it.

InnoDB's Redundant and Compact rows take index keys of 767 bytes only: a change to utf8mb4 then fails (MySQL manual,
"InnoDB Limits"). An engine that the new server no longer has cannot be opened at all.
Remedy: convert the table off-hours: ROW_FORMAT=DYNAMIC, or ENGINE=InnoDB; it is rebuilt, and locked meanwhile.
Client: Some tables of your phone system's database use an outdated format. We need to convert them first.
Otherwise: The upgrade may stop at these tables.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.database import is_own
from tasks.model.check import check
from tasks.model.facts import Tables
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.profile import Profile

CONVERT = Remediation(id="convert_table", kind=Kind.ENGINEER, text="convert the table off-hours", reversible=True,
                      downtime_s=600)


@check(severity=Severity.MEDIUM, blocking=False)
def old_table_format(tables: Tables, profile: Profile) -> Iterator[Problem]:
    health = profile.database_health
    for table in tables.tables:
        if table.engine and not is_own(table.engine, health.supported_engines):
            summary = f"{table.name} is kept in {table.engine}, which is not among the supported engines"
            yield Problem(subject=table.name, summary=summary, remediations=(CONVERT,))
        elif table.engine == "InnoDB" and is_own(table.row_format, health.old_row_formats):
            summary = f"{table.name} has the row format {table.row_format}"
            yield Problem(subject=table.name, summary=summary, severity=Severity.LOW, remediations=(CONVERT,))
