"""Nights that are proposed: found where nobody telephones, and none where somebody always does."""
from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.analysis.closed_days import closed_days
from tasks.model.fleet import Blackout, Hours
from tasks.rules.proposing import QUIET_SHARE, Span, Wanted, night_of, propose

ZONES = ["Europe/London", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "America/New_York", "UTC"]
LENGTH_S, NEEDS_S = 2 * 3600.0, 1800.0


def frame(calls: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(calls, index=pd.Index(range(7), name="weekday"), columns=pd.RangeIndex(24), dtype=float)


def busy_week(draw: random.Random) -> list[list[float]]:
    """Somebody telephones in every hour: no two hours hold as little as a hundredth of their day's calls."""
    return [[draw.uniform(3, 30) for _ in range(24)] for _ in range(7)]


BEGAN = datetime(2026, 11, 24, 9, tzinfo=UTC)


def wanted(week: list[list[float]], zone: str = "Europe/London", began: datetime = BEGAN, days: int = 14,
           **more: object) -> Wanted:
    return Wanted(zone=zone, week=frame(week), length_s=LENGTH_S, needs_s=NEEDS_S, after=began,
                  until=began + timedelta(days=days), **more)


@pytest.mark.parametrize("seed", range(50))
def test_a_planted_quiet_window_is_found_where_it_is_and_none_where_there_is_none(seed: int) -> None:
    draw = random.Random(seed)
    week, zone = busy_week(draw), draw.choice(ZONES)
    planted = draw.random() < 0.6
    day, hour, length = draw.randrange(7), draw.randrange(0, 21), draw.choice([2, 3])
    if planted:
        left = sum(calls for at, calls in enumerate(week[day]) if not hour <= at < hour + length)
        for at in range(hour, hour + length):
            week[day][at] = left * draw.uniform(0, 0.009) / length
    found = propose(wanted(week, zone, days=14))
    assert bool(found.offers) is planted, found.why_none
    for offer in found.offers:
        local = offer.window.starts_at.astimezone(ZoneInfo(zone))
        assert local.weekday() == day and hour <= local.hour and local.hour + 2 <= hour + length
        assert offer.share <= QUIET_SHARE
    if not planted:
        assert "hundredth" in found.why_none


@settings(max_examples=60)
@given(st.sampled_from(ZONES), st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)), st.integers(0, 10_000))
def test_every_window_is_whole_alone_on_its_night_and_means_what_it_says(zone: str, began: datetime, seed: int) -> None:
    """Over every change of the clocks: its local start means its instant, and its length is of the clock on no wall."""
    draw = random.Random(seed)
    week = [[0.0 if at in (1, 2, 3, 4, 23) else draw.uniform(1, 9) for at in range(24)] for _ in range(7)]
    after = began.replace(tzinfo=UTC)
    found = propose(wanted(week, zone, after))
    assert len(found.offers) == 3
    nights = [night_of(offer.window) for offer in found.offers]
    assert len(set(nights)) == 3 and nights == sorted(nights)
    for offer in found.offers:
        window = offer.window
        assert window.meant == window.starts_at >= after
        assert window.ends_at - window.starts_at == timedelta(seconds=LENGTH_S)
        assert window.latest_start == window.ends_at - timedelta(seconds=NEEDS_S)
        hours = {(window.starts_at + timedelta(minutes=15 * step)).astimezone(ZoneInfo(zone)).hour for step in range(8)}
        assert hours <= {0, 1, 2, 3, 4, 23} and offer.expected_calls == 0


def test_an_hour_that_the_clocks_skip_or_pass_twice_is_not_proposed() -> None:
    """London, 28 March and 25 October 2027: only the hour after one in the night is quiet, and it is odd that night."""
    week = [[0.0 if at in (1, 2) else 5.0 for at in range(24)] for _ in range(7)]
    for sunday in (date(2027, 3, 28), date(2027, 10, 31)):
        began = datetime.combine(sunday - timedelta(days=1), time(12), UTC)
        found = propose(wanted(week, began=began, days=1))
        assert not found.offers
        assert "the clocks change at that hour" in found.refused


def test_business_hours_closed_days_jobs_and_the_engineers_shift_are_left_alone() -> None:
    week = [[0.0] * 24 for _ in range(7)]
    began = datetime(2026, 12, 24, 0, tzinfo=UTC)
    every = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    bar = Hours(days=every, opens=time(18), closes=time(3))         # over midnight
    closed = closed_days("GB", (Blackout(first=date(2026, 12, 27), last=date(2026, 12, 27), reason="stock-taking"),),
                         began.date(), date(2026, 12, 31))
    assert closed is not None
    backup = Span(datetime(2026, 12, 24, 3, tzinfo=UTC), datetime(2026, 12, 24, 5, tzinfo=UTC), "the nightly backup")
    shift = Span(datetime(2026, 12, 24, 0, tzinfo=UTC), datetime(2026, 12, 30, 10, tzinfo=UTC))
    found = propose(wanted(week, began=began, days=7, business_hours=(bar,), closed=closed, busy=(backup,),
                           shifts=(shift,)), count=30)
    nights = {}
    for offer in found.offers:
        nights[offer.window.local_start.date()] = offer.window
        assert offer.window.local_start.hour >= 3 and offer.window.ends_at.hour <= 18
        assert not backup.meets(offer.window) and shift.holds(offer.window)
    assert not {date(2026, 12, 25), date(2026, 12, 27), date(2026, 12, 31)} & set(nights)
    assert date(2026, 12, 24) in nights and date(2026, 12, 29) in nights
    assert {"they lie in the business hours", "of the nightly backup", "the engineer is not on shift",
            "of public holiday: Christmas Day", "of blackout: stock-taking"} <= set(found.refused)


def test_a_country_whose_holidays_are_not_known_is_told() -> None:
    assert closed_days("XX", (), date(2026, 1, 1), date(2026, 2, 1)) is None


def test_of_equally_quiet_nights_the_one_in_the_middle_of_the_quiet_comes_first() -> None:
    week = [[0.0 if 1 <= at <= 6 else 20.0 for at in range(24)] for _ in range(7)]
    found = propose(wanted(week, began=datetime(2026, 11, 24, 0, tzinfo=UTC), days=1), count=1)
    assert found.offers[0].window.local_start.hour in (2, 3, 4)


def test_an_upgrade_that_does_not_fit_is_no_question_of_nights() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        propose(Wanted(zone="UTC", week=frame([[0.0] * 24] * 7), length_s=60, needs_s=120,
                       after=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 2, tzinfo=UTC)))
