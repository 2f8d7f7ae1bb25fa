"""Windows on ordinary nights and on those when the clocks change."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.model.window import NoSuchTime, Window
from tasks.rules.window import Standing, drifted, standing

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC"]
HOUR = 3600.0
YEARS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1))
local_times = YEARS.map(lambda at: at.replace(second=0, microsecond=0))


def make(local: datetime, zone: str, fold: int | None = None) -> Window:
    return Window.at_local(local, zone, duration_s=2 * HOUR, needs_s=HOUR, fold=fold)


@pytest.mark.parametrize(("minute", "needed_min", "expected"), [
    (-1, 30, Standing.NOT_YET),
    (0, 30, Standing.OPEN),
    (60, 30, Standing.OPEN),
    (60, 60, Standing.OPEN),
    (60, 61, Standing.TOO_SHORT),
    (0, 121, Standing.TOO_SHORT),
    (61, 1, Standing.MISSED),
    (500, 1, Standing.MISSED),
])
def test_where_an_instant_stands_to_a_window(minute, needed_min, expected):
    window = make(datetime(2026, 11, 24, 1, 0), "Europe/London")
    now = window.starts_at + timedelta(minutes=minute)
    assert standing(window, now, timedelta(minutes=needed_min)) is expected


def test_a_time_that_the_clocks_skip_is_refused():
    with pytest.raises(NoSuchTime, match="does not exist in Europe/London"):
        make(datetime(2026, 3, 29, 1, 30), "Europe/London")


def test_a_time_that_comes_twice_needs_to_be_told_apart():
    twice = datetime(2026, 10, 25, 1, 30)
    with pytest.raises(NoSuchTime, match="comes twice"):
        make(twice, "Europe/London")
    first, second = make(twice, "Europe/London", 0), make(twice, "Europe/London", 1)
    assert first.starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert second.starts_at - first.starts_at == timedelta(hours=1)
    assert not drifted(first) and not drifted(second)


def test_a_window_over_the_night_when_summer_time_ends_lasts_as_long_as_was_agreed():
    window = make(datetime(2026, 10, 25, 0, 30), "Europe/London")
    ends = window.ends_at.astimezone(ZoneInfo("Europe/London"))
    assert window.ends_at - window.starts_at == timedelta(hours=2)
    assert (ends.hour, ends.minute) == (1, 30)      # not 2:30: the hour from 1 to 2 came twice


def test_an_upgrade_that_does_not_fit_is_refused_when_the_window_is_made():
    with pytest.raises(ValueError, match="needs 180 min"):
        Window.at_local(datetime(2026, 11, 24, 1, 0), "UTC", duration_s=2 * HOUR, needs_s=3 * HOUR)


def test_a_window_of_a_naive_time_or_an_unknown_zone_is_refused():
    good = make(datetime(2026, 11, 24, 1, 0), "Europe/London").model_dump()
    for wrong in ({"starts_at": datetime(2026, 11, 24, 1, 0)}, {"zone": "Mars/Base"},
                  {"latest_start": good["starts_at"] - timedelta(hours=1)}):
        with pytest.raises(ValidationError):
            Window.model_validate(good | wrong)


def test_a_window_whose_zone_has_changed_its_rules_shows_it():
    window = make(datetime(2026, 11, 24, 1, 0), "Europe/London")
    moved = window.model_copy(update={"starts_at": window.starts_at - timedelta(hours=1)})
    assert drifted(moved) and not drifted(window)


@given(local_times, st.sampled_from(ZONES), st.sampled_from([0, 1]))
def test_the_clients_clock_shows_the_agreed_time_when_the_window_opens(local, zone, fold):
    try:
        window = make(local, zone, fold)
    except NoSuchTime:
        return
    shown = window.starts_at.astimezone(ZoneInfo(zone))
    assert shown.replace(tzinfo=None) == local and not drifted(window)
    assert Window.model_validate_json(window.model_dump_json()) == window


@given(local_times, st.sampled_from(ZONES), st.integers(-300, 300), st.integers(1, 200))
def test_nothing_begins_that_would_not_end_inside_the_window(local, zone, minute, needed_min):
    try:
        window = make(local, zone, 0)
    except NoSuchTime:
        return
    now, needed = window.starts_at + timedelta(minutes=minute), timedelta(minutes=needed_min)
    stands = standing(window, now, needed)
    inside = window.starts_at <= now <= window.latest_start and now + needed <= window.ends_at
    assert (stands is Standing.OPEN) == inside
    elsewhere = now.astimezone(ZoneInfo("Pacific/Auckland"))
    assert standing(window, elsewhere, needed) is stands        # the zone of the clock does not matter
