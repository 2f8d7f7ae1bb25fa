"""Tables that are not PBXware's own, inside its database, are in the way of changes to its schema.

Seen in the field: tables of FOP2. An upgrade may leave them behind, change them, or fail on them.
Remedy: find out which program owns them, and agree with the client whether it is kept; save them before the upgrade.
Client: Another program keeps its data inside your phone system's database. Please tell us whether you still use it.
Otherwise: That program may lose its data, or stop working, after the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from tasks.model.check import check
from tasks.model.facts import Tables
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

SAVE = Remediation(id="save_tables", kind=Kind.ENGINEER, text="dump the tables before the upgrade", reversible=True)


@check(severity=Severity.MEDIUM, blocking=True)
def foreign_tables(tables: Tables, profile: Profile) -> Iterator[Problem]:
    own = (*profile.database.own_table_patterns, f"{profile.cdr_archive.table_prefix}*")
    foreign = profile.database.foreign_table_patterns
    for table in tables.tables:
        is_own = any(fnmatchcase(table.name, pattern) for pattern in own)
        if not is_own or any(fnmatchcase(table.name, pattern) for pattern in foreign):
            yield Problem(
                subject=table.name,
                summary=f"table {tables.schema}.{table.name} is not PBXware's own",
                measured=Quantity(value=table.size_bytes, unit="bytes"),
                blocking=False,
                remediations=(SAVE,),
            )
