"""How much of the CDR table may be counted without a system feeling it.

An index range is read at millions of entries a second, so a bound on the entries bounds the time. Where an engine locks
whole tables, new calls wait for the count as soon as the table has holes (MariaDB manual, "Concurrent Inserts"), so
there no more is counted than may be scanned.
"""
from __future__ import annotations

from tasks.model.fact import Declined, Known, Unknown
from tasks.model.facts import CdrColumns, CdrSpan, Table, Tables
from tasks.model.profile import Profile

NEEDS: tuple[type, ...] = (CdrColumns, CdrSpan, Tables)
_DAY_S = 86_400.0


def countable_days(profile: Profile, known: Known, wanted: int, step: int = 1) -> int | Declined:
    """How many of the last whole days may be counted: ``wanted``, or a lesser multiple of ``step``, or why none."""
    cdr, columns = profile.database.cdr_table, known.get(CdrColumns)
    if isinstance(columns, Unknown):
        return Declined(f"the columns of {cdr} are not known: {columns.reason}")
    if "calldate" not in columns.columns:
        return Declined(f"{cdr} has no column calldate")
    tables = known.get(Tables)
    table = None if isinstance(tables, Unknown) else tables.get(cdr)
    if not columns.calldate_indexed:
        limit = profile.database.scan_limit_rows
        if table is None or table.rows > limit:
            return Declined(f"{cdr} has {_rows(table)} and no index on calldate; up to {limit:,} are scanned")
        return wanted
    limit = profile.database_health.count_limit_rows
    if table is not None and table.engine != "InnoDB" and table.free_bytes:
        limit = profile.database.scan_limit_rows
    if table is not None and table.rows <= limit:
        return wanted
    rate = _rows_per_day(table, known.get(CdrSpan))
    if rate is None:
        return Declined(f"{cdr} has {_rows(table)}, how many a day is not known; up to {limit:,} are counted")
    days = min(wanted, int(limit / rate) // step * step)
    return days or Declined(f"{cdr} has about {rate:,.0f} rows a day; up to {limit:,} are counted")


def _rows(table: Table | None) -> str:
    return "an unknown number of rows" if table is None else f"{table.rows:,} rows"


def _rows_per_day(table: Table | None, span: CdrSpan | Unknown) -> float | None:
    if table is None or isinstance(span, Unknown) or span.first is None or span.last is None:
        return None
    return table.rows / max(1.0, (span.last - span.first).total_seconds() / _DAY_S)
