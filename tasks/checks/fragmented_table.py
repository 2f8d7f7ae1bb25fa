"""A table whose file is mostly free space inside takes disk that the upgrade may need.

Rows that were deleted leave room that only a rebuild gives back, and the upgrade rebuilds the table of calls anyway.
Remedy: where disk is short, rebuild the table off-hours (OPTIMIZE TABLE) before anything else is removed.
Client: Your phone system's database holds a lot of unused space. We can give it back outside your business hours.
Otherwise: The space stays taken, and the upgrade takes a little longer.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.database import fragmented, used_bytes
from tasks.model.check import Yielded, check
from tasks.model.facts import Tables
from tasks.model.finding import Kind, Notice, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

REBUILD = Remediation(
    id="rebuild_table", kind=Kind.ENGINEER, text="rebuild the table off-hours; it is locked meanwhile", reversible=True,
    downtime_s=600,
)


@check(severity=Severity.LOW, blocking=False)
def fragmented_table(tables: Tables, profile: Profile) -> Iterator[Yielded]:
    least = Quantity(value=profile.database_health.fragmented_bytes, unit="bytes")
    archived = any(table.name.startswith(profile.cdr_archive.table_prefix) for table in tables.tables)
    for table in tables.tables:
        if fragmented(table, profile):
            free, used = (Quantity(value=size, unit="bytes") for size in (table.free_bytes, used_bytes(table)))
            summary = f"{table.name} has {free} free inside its file, and {used} in use"
            if archived and table.name == profile.database.cdr_table:
                summary += "; its old calls were archived, and the upgrade gives the room back"
                yield Notice(subject=table.name, summary=summary, measured=free, threshold=least)
                continue
            yield Problem(subject=table.name, summary=summary, measured=free, threshold=least, remediations=(REBUILD,))
