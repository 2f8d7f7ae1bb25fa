"""Calls of the last 56 whole days by weekday and hour: counted by the server, never fetched.

Fewer weeks where so many calls are too many to count at once; see tasks.model.cdr_count.
"""
from __future__ import annotations

from tasks.model.answer import Rows
from tasks.model.cdr_count import NEEDS, countable_days
from tasks.model.fact import Declined, Known, Query, SqlFact, Unreadable
from tasks.model.facts import CdrRhythm
from tasks.model.profile import Profile
from tasks.model.reading import columns, integer

DAYS = 56                       # eight of each weekday


def ask(profile: Profile, known: Known) -> Query | Declined:
    cdr, days = profile.database.cdr_table, countable_days(profile, known, DAYS, step=7)
    if isinstance(days, Declined):
        return days
    return Query(
        "SELECT WEEKDAY(calldate) AS weekday, HOUR(calldate) AS hour, COUNT(*) AS calls, %s AS days "  # noqa: S608
        f"FROM `{cdr}` WHERE calldate >= CURDATE() - INTERVAL %s DAY AND calldate < CURDATE() "     # cdr is a Word
        "GROUP BY WEEKDAY(calldate), HOUR(calldate)",
        (days, days),
    )


def parse(rows: Rows) -> CdrRhythm:
    """No row at all is a system without calls in these days."""
    calls, days = [[0] * 24 for _ in range(7)], DAYS
    for row in columns(rows, "weekday", "hour", "calls"):
        weekday, hour = integer(row, "weekday"), integer(row, "hour")
        if row["weekday"] is None or row["hour"] is None or not (0 <= weekday < 7 and 0 <= hour < 24):
            raise Unreadable(f"expected a weekday 0 to 6 and an hour 0 to 23, got {row['weekday']} and {row['hour']}")
        calls[weekday][hour] = integer(row, "calls")
        days = integer(row, "days") or DAYS
    return CdrRhythm(days, tuple(map(tuple, calls)))


FACT = SqlFact("cdr_rhythm", CdrRhythm, ask, parse, after=NEEDS, limit_s=3.0)
