"""A client's business days are counted on the client's own clock, without holidays and blackouts."""
from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.fleet import CLOCK_DAYS, Hours
from tasks.rules.business_days import Calendar

ZONES = ("Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns", "UTC")
DAY = date(2026, 11, 2)                         # a Monday
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
spans = st.tuples(st.integers(5, 21), st.integers(1, 3)).map(
    lambda each: (time(each[0]), time(min(23, each[0] + each[1]))))
hours = st.lists(
    st.builds(lambda days, span: Hours(days=tuple(days), opens=span[0], closes=span[1]),
              st.lists(st.sampled_from(CLOCK_DAYS), min_size=1, max_size=7, unique=True), spans), max_size=3).map(tuple)
calendars = st.builds(Calendar, st.sampled_from(ZONES).map(ZoneInfo), hours,
                      st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=12))


def london(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Europe/London"))


@pytest.mark.parametrize(("start", "days", "expected", "closed"), [
    (london(2, 10), 3, london(5, 10), ()),                  # Monday to Thursday
    (london(5, 10), 3, london(10, 10), ()),                 # over a weekend
    (london(6, 22), 1, london(10, 9), ()),                  # Friday night: Monday was over by that time of the day
    (london(7, 3), 1, london(9, 9), ()),                    # asked on a Saturday, before anybody comes
    (london(2, 10), 1, london(4, 10), (date(2026, 11, 3),)),    # a holiday in between
])
def test_days_are_counted(start: datetime, days: int, expected: datetime, closed: tuple[date, ...]) -> None:
    assert Calendar(ZoneInfo("Europe/London"), closed=closed).after(start, days) == expected


def test_somebody_who_is_always_away_is_never_there() -> None:
    away = [DAY + timedelta(days=ahead) for ahead in range(500)]
    calendar = Calendar(ZoneInfo("Europe/London"), closed=away)
    assert calendar.after(london(2, 10), 1) is None and calendar.opening(london(2, 10)) is None


@given(calendars, moments, st.integers(1, 10))
def test_the_moment_is_in_business_hours_and_so_many_days_ahead(calendar: Calendar, start: datetime, days: int) -> None:
    found = calendar.after(start, days)
    assert found is not None and calendar.is_open(found)
    first, last = (each.astimezone(calendar.zone).date() for each in (start, found))
    between = [first + timedelta(days=ahead) for ahead in range(1, (last - first).days + 1)]
    worked = [day for day in between if calendar._spans(day)]
    assert days <= len(worked) <= days + 1
    later = calendar.after(start, days + 1)
    assert later is not None and found <= later, "the same where the day's hours were over: then the next opening"


@given(calendars, moments)
def test_the_next_opening_is_the_first_one(calendar: Calendar, now: datetime) -> None:
    opens = calendar.opening(now)
    assert opens is not None and opens >= now and calendar.is_open(opens)
    if opens > now:
        before = now + (opens - now) / 2
        assert not calendar.is_open(before) or before == now
