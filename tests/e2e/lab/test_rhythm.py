"""The calls of a year, before any database has them."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.lab.rhythm import Hour, hours

ZONES = st.sampled_from(["UTC", "Europe/London", "America/Chicago", "Australia/Sydney", "Asia/Kathmandu"])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(rows=st.integers(0, 200_000), now=MOMENTS, zone=ZONES)
@settings(max_examples=30, deadline=None)
def test_every_call_has_one_hour_and_numbers_run_with_the_clock(rows: int, now: datetime, zone: str) -> None:
    found = hours(rows, now, ZoneInfo(zone))
    assert sum(hour.calls for hour in found) == rows
    for before, after in pairwise(found):
        assert before.starts_at + timedelta(seconds=before.length_s) <= after.starts_at
        assert before.first_id + before.calls == after.first_id
    here = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert all(hour.starts_at <= here for hour in found)
    if found:
        assert found[0].first_id == 1
        assert found[-1].starts_at + timedelta(seconds=found[-1].length_s) >= here.replace(microsecond=0)


def test_no_call_falls_into_the_hour_that_summer_time_leaves_out() -> None:
    found = hours(50_000_000, datetime(2026, 6, 1, tzinfo=UTC), ZoneInfo("Europe/London"))
    assert datetime(2026, 3, 29, 1) not in {hour.starts_at for hour in found}
    assert datetime(2026, 3, 29, 2) in {hour.starts_at for hour in found}


def test_a_company_telephones_by_day_on_weekdays_and_less_at_noon() -> None:
    found = hours(500_000, datetime(2026, 11, 23, 12, tzinfo=UTC), ZoneInfo("Europe/London"))
    assert share(found, days=range(5)) > 0.9
    assert share(found, days=(6,)) < 0.05
    assert share(found, clock=range(8, 18)) > 0.8
    assert share(found, clock=range(6)) < 0.02
    assert share(found, clock=(12,)) < 0.7 * share(found, clock=(11,))


def share(found: list[Hour], days: object = range(7), clock: object = range(24)) -> float:
    inside = sum(h.calls for h in found if h.starts_at.weekday() in days and h.starts_at.hour in clock)  # type: ignore[operator]
    return inside / sum(hour.calls for hour in found)
