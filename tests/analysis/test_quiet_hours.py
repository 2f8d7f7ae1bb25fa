"""When nobody telephones, on the system's own clock."""
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.quiet_hours import Sureness, next_nights, quiet_hours, week_in_zone
from tasks.model.facts import CdrRhythm

LONDON, KOLKATA = ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata")
ZONES = ["Europe/London", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "UTC"]


def rhythm(calls: dict[tuple[int, int], int], days: int = 56) -> CdrRhythm:
    return CdrRhythm(days, tuple(tuple(calls.get((day, hour), 0) for hour in range(24)) for day in range(7)))


def office() -> CdrRhythm:
    """Eight calls a week in every hour, one in each hour of Saturday night, none on Sunday from three to five."""
    calls = {(day, hour): 64 for day in range(7) for hour in range(24)}
    calls |= {(6, 1): 8, (6, 2): 8, (6, 3): 0, (6, 4): 0, (6, 5): 8}
    return rhythm(calls)


def test_a_database_on_the_systems_own_clock_is_not_moved_even_over_a_change_of_the_clocks() -> None:
    """The counted weeks end on 21 November; until 25 October London, and so its server, was ahead of Greenwich."""
    week = week_in_zone(rhythm({(0, 9): 56}), date(2026, 11, 22), timedelta(), LONDON)
    assert week.loc[0, 9] == pytest.approx(7)


def test_each_day_of_a_database_on_utc_is_moved_by_the_offset_of_its_own() -> None:
    week = week_in_zone(rhythm({(0, 14): 56}), date(2026, 11, 22), timedelta(), ZoneInfo("America/New_York"))
    # 35 of the 56 days lie before 1 November, four hours behind Greenwich, and 21 after it, five
    assert (week.loc[0, 10], week.loc[0, 9]) == (pytest.approx(7 * 35 / 56), pytest.approx(7 * 21 / 56))


def test_an_offset_of_half_an_hour_shares_each_hour_between_two() -> None:
    week = week_in_zone(rhythm({(0, 2): 56}), date(2026, 11, 22), timedelta(), KOLKATA)
    assert (week.loc[0, 7], week.loc[0, 8]) == (pytest.approx(3.5), pytest.approx(3.5))


@given(st.sampled_from(ZONES), st.integers(-48, 48), st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 56))
def test_no_call_is_lost_or_made_up_by_moving(zone: str, quarters: int, until: date, days: int) -> None:
    told = rhythm({(6, 23): 40, (2, 11): 16}, days)
    week = week_in_zone(told, until, timedelta(minutes=15 * quarters), ZoneInfo(zone))
    assert week.to_numpy().sum() == pytest.approx(56 / max(days / 7, 1 / 7))
    assert (week.to_numpy() >= 0).all()


def test_the_quietest_stretch_comes_first_with_what_is_to_be_expected_in_it() -> None:
    told = office()
    first, second, _ = quiet_hours(told, week_in_zone(told, date(2026, 7, 10), timedelta(hours=1), LONDON), 2)
    assert (first.words, first.expected_calls, first.sureness) == ("Sunday 03:00 to 05:00", 0.0, Sureness.HIGH)
    assert first.at_most_calls == 1                 # three in eight weeks would be no surprise
    assert (second.words, second.expected_calls, second.at_most_calls) == ("Sunday 01:00 to 03:00", 2.0, 5)


@pytest.mark.parametrize(("days", "calls", "sureness"), [
    (56, 64, Sureness.HIGH), (35, 64, Sureness.MEDIUM), (7, 64, Sureness.LOW), (56, 49, Sureness.LOW),
])
def test_few_weeks_or_few_calls_say_little(days: int, calls: int, sureness: Sureness) -> None:
    told = rhythm({(1, 10): calls}, days)
    (best,) = quiet_hours(told, week_in_zone(told, date(2026, 7, 10), timedelta(), LONDON), 2, count=1)
    assert best.sureness is sureness


def test_the_next_nights_are_real_times_of_the_systems_zone() -> None:
    told = office()
    found = quiet_hours(told, week_in_zone(told, date(2026, 7, 10), timedelta(hours=1), LONDON), 2, count=1)
    first, second = next_nights(found, LONDON, datetime(2026, 10, 22, 12, tzinfo=UTC), count=5)
    assert first.starts_at.isoformat() == "2026-10-25T03:00:00+00:00"       # the night in which summer time ends
    assert second.starts_at.isoformat() == "2026-11-01T03:00:00+00:00"
    assert second.ends_at - second.starts_at == timedelta(hours=2)


def test_a_start_that_the_clock_leaps_over_is_no_window() -> None:
    told = rhythm({(day, hour): 80 for day in range(7) for hour in range(24) if (day, hour) != (6, 1)})
    found = quiet_hours(told, week_in_zone(told, date(2026, 3, 1), timedelta(), LONDON), 1, count=1)
    nights = next_nights(found, LONDON, datetime(2026, 3, 27, 12, tzinfo=UTC))
    assert [night.starts_at.date() for night in nights] == [date(2026, 4, 5), date(2026, 4, 12)]
