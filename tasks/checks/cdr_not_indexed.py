"""Without an index on calldate every report and every archiving of calls reads the whole table, and so would we.

Calls by day and hour then cannot be told, nor which hours are quiet. An index that was switched off counts as none.
Remedy: add an index on calldate in the upgrade's window; adding it rebuilds or locks the table on old servers.
Client: Searching your call history is slow because of a missing index. We can add it together with the upgrade.
Otherwise: Reports about your calls stay slow. The upgrade can be made all the same.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import Yielded, check
from tasks.model.database_facts import CdrSchema
from tasks.model.facts import Tables
from tasks.model.finding import CannotTell, Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

ADD = Remediation(
    id="add_calldate_index", kind=Kind.ENGINEER, text="add an index on calldate off-hours", reversible=True,
    downtime_s=300,
)


@check(severity=Severity.LOW, blocking=False)
def cdr_not_indexed(schema: CdrSchema, tables: Tables, profile: Profile) -> Iterator[Yielded]:
    name, cdr = profile.database.cdr_table, tables.get(profile.database.cdr_table)
    if cdr is None or cdr.engine is None:
        yield CannotTell(subject=name, summary="there is no table of calls that can be opened")
        return
    leading = [index for index in schema.indexes if index.columns[0] == "calldate"]
    if any(index.usable for index in leading) or cdr.rows <= profile.database.scan_limit_rows:
        return
    what = f"the index {leading[0].name} is switched off" if leading else "no index on calldate"
    rows = Quantity(value=cdr.rows, unit="rows")
    yield Problem(subject=name, summary=f"{what}: a range of dates reads {rows}", measured=rows, remediations=(ADD,))
