"""How the table of calls grows, and when nobody calls, in the system's own zone."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.analysis.cdr import growth, local_week, quietest
from tasks.model.facts import CdrRhythm, CdrSpan, Table

WINTER, SUMMER = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)
TABLE = Table("cdr", "InnoDB", 3_000, 600_000, 300_000, 0)
zones = st.sampled_from(["UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Apia"])
counts = st.lists(st.integers(0, 500), min_size=168, max_size=168)


def rhythm(calls: list[int], days: int = 7) -> CdrRhythm:
    return CdrRhythm(days, tuple(tuple(calls[day * 24 : day * 24 + 24]) for day in range(7)))


def one_call(weekday: int, hour: int) -> CdrRhythm:
    return rhythm([int(slot == weekday * 24 + hour) for slot in range(168)])


def test_growth_is_the_mean_over_the_span_of_the_calls() -> None:
    grown = growth(TABLE, CdrSpan(datetime(2026, 1, 1), datetime(2026, 1, 31)))
    assert grown is not None
    assert (grown.days, grown.rows_per_day, grown.bytes_per_day) == (30, 100, 30_000)


@pytest.mark.parametrize("span", [
    CdrSpan(None, None),
    CdrSpan(datetime(2026, 1, 1, 8), datetime(2026, 1, 1, 18)),
    CdrSpan(datetime(2026, 1, 2), datetime(2026, 1, 1)),
])
def test_an_empty_or_short_table_tells_no_growth(span: CdrSpan) -> None:
    assert growth(TABLE, span) is None


@pytest.mark.parametrize(
    ("zone", "moment", "offset_h", "at"),
    [
        ("UTC", WINTER, 0, (0, 2)),
        ("Europe/London", WINTER, 0, (0, 2)),
        ("Europe/London", SUMMER, 0, (0, 3)),
        ("Europe/London", SUMMER, 1, (0, 2)),               # the server keeps the same summer time
        ("America/New_York", WINTER, 0, (6, 21)),           # Monday 02 h UTC is still Sunday evening there
        ("Pacific/Auckland", WINTER, 0, (0, 15)),
        ("Pacific/Auckland", WINTER, -5, (0, 20)),
    ],
)
def test_a_call_on_monday_at_two_of_the_server_falls_on_the_systems_own_hour(zone, moment, offset_h, at) -> None:
    week = local_week(one_call(0, 2), timedelta(hours=offset_h), ZoneInfo(zone), moment)
    assert week.loc[at] == 1
    assert week.to_numpy().sum() == 1


def test_an_offset_of_half_an_hour_shares_the_calls_between_two_hours() -> None:
    week = local_week(one_call(0, 2), timedelta(), ZoneInfo("Asia/Kolkata"), WINTER)
    assert (week.loc[0, 7], week.loc[0, 8]) == (0.5, 0.5)
    kathmandu = local_week(one_call(6, 23), timedelta(), ZoneInfo("Asia/Kathmandu"), WINTER)
    assert (kathmandu.loc[0, 4], kathmandu.loc[0, 5]) == (0.25, 0.75)


@settings(deadline=None)
@given(counts, zones, st.sampled_from([WINTER, SUMMER]), st.integers(-48, 56), st.integers(1, 56))
def test_no_call_is_lost_on_the_way_to_another_zone(calls, zone, moment, quarters, days) -> None:
    week = local_week(rhythm(calls, days), timedelta(minutes=15 * quarters), ZoneInfo(zone), moment)
    assert week.shape == (7, 24)
    assert week.to_numpy().sum() == pytest.approx(sum(calls) / (days / 7))


def test_the_quiet_hours_of_an_office_lie_in_the_night() -> None:
    slots = [divmod(slot, 24) for slot in range(168)]
    office = rhythm([40 if 8 <= hour < 18 and day < 5 else 2 if hour >= 6 else 0 for day, hour in slots])
    found = quietest(local_week(office, timedelta(), ZoneInfo("UTC"), WINTER), 2, count=7)
    # In the middle of the quiet, not at its edge, where a late upgrade would run into the first calls.
    assert [(span.weekday, span.hour, span.calls) for span in found] == [(day, 2, 0) for day in range(7)]


@settings(deadline=None)          # pandas on a busy machine
@given(counts, st.integers(1, 24), st.integers(1, 7))
def test_no_stretch_of_the_week_is_quieter_than_the_first_and_none_overlap(calls, length_h, count) -> None:
    found = quietest(local_week(rhythm(calls), timedelta(), ZoneInfo("UTC"), WINTER), length_h, count)
    sums = [sum(calls[(start + step) % 168] for step in range(length_h)) for start in range(168)]
    assert found[0].calls == pytest.approx(min(sums))
    starts = [span.weekday * 24 + span.hour for span in found]
    assert [span.calls for span in found] == pytest.approx([sums[start] for start in starts])
    assert [span.calls for span in found] == sorted(span.calls for span in found)
    covered = [(start + step) % 168 for start in starts for step in range(length_h)]
    assert len(covered) == len(set(covered))


@pytest.mark.parametrize("length_h", [0, 25])
def test_a_stretch_of_no_length_is_refused(length_h: int) -> None:
    with pytest.raises(ValueError, match="1 to 24 hours"):
        quietest(local_week(one_call(0, 0), timedelta(), ZoneInfo("UTC"), WINTER), length_h)
