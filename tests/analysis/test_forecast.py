"""What comes: the table of calls on the day of the upgrade, and the day on which a disk is full."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.cdr import Growth
from tasks.analysis.forecast import Used, calls_growth, grown, until_full, used_per_day
from tasks.model.fact import Unknown
from tasks.model.facts import CdrRhythm, CdrSpan, Table

CDR = Table("cdr", "MyISAM", 1_000, 200_000, 50_000, 0)
START = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
YEAR = CdrSpan(datetime(2026, 1, 1), datetime(2026, 4, 11))        # a hundred days
NOT_TOLD = Unknown("cdr_rhythm", "no index on calldate")


def rhythm(calls_an_hour: int) -> CdrRhythm:
    return CdrRhythm(56, tuple((calls_an_hour,) * 24 for _ in range(7)))


def test_the_calls_of_the_last_weeks_go_before_the_mean_of_all_years() -> None:
    assert calls_growth(CDR, YEAR, rhythm(1)) == Growth(56.0, 3.0, 750.0)
    assert calls_growth(CDR, YEAR, NOT_TOLD) == Growth(100.0, 10.0, 2_500.0)


def test_without_calls_and_without_a_date_nothing_is_guessed() -> None:
    assert calls_growth(CDR, NOT_TOLD, NOT_TOLD) is None
    assert calls_growth(CDR, CdrSpan(None, None), NOT_TOLD) == Growth(0.0, 0.0, 0.0)


def test_a_table_of_this_morning_counts_as_a_day_old() -> None:
    morning = CdrSpan(datetime(2026, 1, 1, 8), datetime(2026, 1, 1, 9))
    assert calls_growth(CDR, morning, NOT_TOLD) == Growth(1.0, 1_000.0, 250_000.0)


def test_the_indexes_grow_with_the_rows() -> None:
    then = grown(CDR, Growth(56, 10, 2_500), 30)
    assert (then.rows, then.data_bytes, then.index_bytes) == (1_300, 260_000, 65_000)


@given(st.integers(0, 10**7), st.integers(0, 10**11), st.floats(0, 1e9), st.floats(0, 400))
def test_a_table_never_shrinks_by_waiting(rows: int, size_bytes: int, bytes_per_day: float, days: float) -> None:
    table = Table("cdr", "InnoDB", rows, size_bytes, size_bytes // 3, 0)
    then = grown(table, Growth(56, 5.0, bytes_per_day), days)
    assert then.rows >= table.rows and then.size_bytes >= table.size_bytes
    if table.size_bytes:
        assert then.size_bytes == pytest.approx(table.size_bytes + bytes_per_day * days, rel=1e-9, abs=4)


def used(*by_day: float) -> list[Used]:
    return [Used(START + timedelta(days=day), round(bytes_)) for day, bytes_ in enumerate(by_day)]


def test_one_clean_up_does_not_turn_the_rate_round() -> None:
    assert used_per_day(used(100, 200, 300, 400, 500, 600)) == pytest.approx(100)
    assert used_per_day(used(100, 200, 300, 50, 150, 250, 350, 450)) == pytest.approx(100)


def test_one_sweep_or_two_of_one_night_tell_no_rate() -> None:
    assert used_per_day(used(100)) is None
    assert used_per_day([Used(START, 100), Used(START + timedelta(hours=3), 900)]) is None


def test_a_disk_that_does_not_fill_up_is_never_full() -> None:
    assert until_full(1_000, 10, "two sweeps").days == 100
    assert until_full(1_000, 0, "two sweeps").days is None
    assert until_full(1_000, -5, "two sweeps").days is None
    assert until_full(10**12, 1, "two sweeps").days is None
