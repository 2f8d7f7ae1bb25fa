"""When an engineer is there, on the clock of the engineer's own zone."""
from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.model.engineer import Absence, Engineer, Shift
from tasks.rules.shifts import shifts_of

NIGHTS = Shift(days=("mon", "tue"), begins=time(22), ends=time(6))
FIRST, LAST = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 29, tzinfo=UTC)


def mia(**more: object) -> Engineer:
    return Engineer(name="mia", full_name="Mia Berg", email="mia@example.com", zone="Europe/Sarajevo", **more)


def told(engineer: Engineer, first: datetime = FIRST, last: datetime = LAST) -> list[str] | None:
    spans = shifts_of(engineer, first, last)
    return None if spans is None else [f"{s.starts_at:%d %H:%M}-{s.ends_at:%d %H:%M}" for s in spans]


def test_without_shifts_and_absences_any_hour_is_one_of_work() -> None:
    assert told(mia()) is None


def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    assert told(mia(shifts=(NIGHTS,))) == ["23 21:00-24 05:00", "24 21:00-25 05:00"]


def test_shifts_that_touch_are_one() -> None:
    day = Shift(days=("wed",), begins=time(6), ends=time(14))
    assert told(mia(shifts=(NIGHTS, day)))[-1] == "24 21:00-25 13:00"


def test_nobody_works_on_a_day_of_absence() -> None:
    away = Absence(first=date(2026, 11, 24), last=date(2026, 11, 24))
    assert told(mia(shifts=(NIGHTS,), absences=(away,))) == ["23 21:00-23 23:00"]
    assert told(mia(absences=(away,)), FIRST, FIRST + timedelta(days=2)) == ["21 23:00-23 23:00", "24 23:00-25 23:00"]


@settings(max_examples=80)
@given(st.sampled_from(["Europe/Sarajevo", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]),
       st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.times(), st.times(), st.integers(0, 6), st.integers(0, 3))
def test_spans_are_in_order_apart_and_never_within_an_absence(
    zone: str, day: date, begins: time, ends: time, away_in: int, away_days: int
) -> None:
    first = datetime.combine(day, time(), UTC)
    gone = Absence(first=day + timedelta(days=away_in), last=day + timedelta(days=away_in + away_days))
    every = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    engineer = mia(shifts=(Shift(days=every, begins=begins.replace(microsecond=0), ends=ends.replace(microsecond=0)),),
                   absences=(gone,)).model_copy(update={"zone": zone})
    spans = shifts_of(engineer, first, first + timedelta(days=9))
    assert spans is not None
    for span in spans:
        assert span.starts_at < span.ends_at and span.starts_at.tzinfo is UTC
        at = span.starts_at
        while at < span.ends_at:
            assert not gone.first <= at.astimezone(engineer.clock).date() <= gone.last
            at += timedelta(minutes=30)
    assert all(one.ends_at < other.starts_at for one, other in pairwise(spans))
