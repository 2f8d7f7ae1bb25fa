"""Calls of each of the last 90 whole days: counted by the server along the index on ``calldate``, never fetched.

Fewer days where so many calls are too many to count at once; see tasks.model.cdr_count.
"""
from __future__ import annotations

from datetime import date, timedelta

from tasks.model.answer import Rows
from tasks.model.cdr_count import NEEDS, countable_days
from tasks.model.database_facts import CdrDaily
from tasks.model.fact import Declined, Known, Query, SqlFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import columns, integer, moment

DAYS = 90


def ask(profile: Profile, known: Known) -> Query | Declined:
    cdr, days = profile.database.cdr_table, countable_days(profile, known, DAYS)
    if isinstance(days, Declined):
        return days
    return Query(
        # the first row says how far the question went, also where there were no calls
        "SELECT CURDATE() AS day, %s AS calls UNION ALL "  # noqa: S608  (cdr is a Word)
        f"SELECT DATE(calldate), COUNT(*) FROM `{cdr}` "
        "WHERE calldate >= CURDATE() - INTERVAL %s DAY AND calldate < CURDATE() GROUP BY DATE(calldate)",
        (days, days),
    )


def parse(rows: Rows) -> CdrDaily:
    told = [(_day(row), integer(row, "calls")) for row in columns(rows, "day", "calls")]
    if not told or not 0 < told[0][1] <= DAYS:
        raise Unreadable("expected the server's date and a number of days first")
    (until, days), counted = told[0], dict(told[1:])
    try:
        wanted = [until - timedelta(days=back) for back in range(days, 0, -1)]
    except OverflowError as error:
        raise Unreadable(f"expected a date of our time, got {until}") from error
    if strange := set(counted) - set(wanted):
        raise Unreadable(f"expected days within {days} before {until}, got {min(strange)}")
    return CdrDaily(until, tuple(counted.get(day, 0) for day in wanted))


def _day(row: dict[str, str | int | float | None]) -> date:
    at = moment(row, "day")
    if at is None:
        raise Unreadable("expected a date in 'day', got none")
    return at.date()


FACT = SqlFact("cdr_daily", CdrDaily, ask, parse, after=NEEDS, limit_s=3.0)
