"""Calls of the last 56 whole days by weekday and hour: counted by the server, never fetched.

Asked only where ``calldate`` leads an index, or the table is small enough to be read whole.
"""
from __future__ import annotations

from tasks.model.answer import Rows
from tasks.model.fact import Declined, Known, Query, SqlFact, Unknown, Unreadable
from tasks.model.facts import CdrColumns, CdrRhythm, Tables
from tasks.model.profile import Profile
from tasks.model.reading import columns, integer

DAYS = 56                       # eight of each weekday


def ask(profile: Profile, known: Known) -> Query | Declined:
    cdr, columns_ = profile.database.cdr_table, known.get(CdrColumns)
    if isinstance(columns_, Unknown):
        return Declined(f"the columns of {cdr} are not known: {columns_.reason}")
    if "calldate" not in columns_.columns:
        return Declined(f"{cdr} has no column calldate")
    if not columns_.calldate_indexed:
        tables = known.get(Tables)
        table = None if isinstance(tables, Unknown) else tables.get(cdr)
        limit = profile.database.scan_limit_rows
        if table is None or table.rows > limit:
            rows = "an unknown number of" if table is None else f"{table.rows:,}"
            return Declined(f"{cdr} has {rows} rows and no index on calldate; up to {limit:,} are scanned")
    return Query(
        "SELECT WEEKDAY(calldate) AS weekday, HOUR(calldate) AS hour, COUNT(*) AS calls "  # noqa: S608  (a Word)
        f"FROM `{cdr}` WHERE calldate >= CURDATE() - INTERVAL %s DAY AND calldate < CURDATE() "
        "GROUP BY WEEKDAY(calldate), HOUR(calldate)",
        (DAYS,),
    )


def parse(rows: Rows) -> CdrRhythm:
    """No row at all is a system without calls in these days."""
    calls = [[0] * 24 for _ in range(7)]
    for row in columns(rows, "weekday", "hour", "calls"):
        weekday, hour = integer(row, "weekday"), integer(row, "hour")
        if row["weekday"] is None or row["hour"] is None or not (0 <= weekday < 7 and 0 <= hour < 24):
            raise Unreadable(f"expected a weekday 0 to 6 and an hour 0 to 23, got {row['weekday']} and {row['hour']}")
        calls[weekday][hour] = integer(row, "calls")
    return CdrRhythm(DAYS, tuple(map(tuple, calls)))


FACT = SqlFact("cdr_rhythm", CdrRhythm, ask, parse, after=(CdrColumns, Tables))
