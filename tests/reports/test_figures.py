from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reports.figures import (
    duration_range,
    duration_text,
    exact_text,
    moment_text,
    percent_text,
    quantity_text,
    short_count,
)


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "0 s"), (0.42, "0.4 s"), (9, "9 s"), (9.97, "10 s"), (59.6, "60 s"), (99.5, "2 min"), (1234, "21 min"),
    (3599, "1 h"), (4800, "1 h 20 min"), (7200, "2 h"), (86_400 * 2 + 3 * 3600, "2 d 3 h"), (86_400 * 400, "400 d"),
])
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(("low", "high", "text"), [
    (900, 1860, "15 to 31 min"), (900, 900, "15 min"), (50, 900, "50 s to 15 min"),
    (1800, 5400, "30 min to 1 h 30 min"),
])
def test_a_range_names_its_unit_once(low: float, high: float, text: str) -> None:
    assert duration_range(low, high) == text


@pytest.mark.parametrize(("fraction", "text"), [
    (0, "0 %"), (0.001, "< 1 %"), (0.5, "50 %"), (0.999, "> 99 %"), (1, "100 %"),
])
def test_nearly_full_is_not_called_full(fraction: float, text: str) -> None:
    assert percent_text(fraction) == text


@pytest.mark.parametrize(("count", "text"), [
    (9_999, "9,999"), (48_200, "48 thousand"), (999_499, "999 thousand"), (999_500, "1.0 million"),
    (29_000_000, "29.0 million"), (2_000_000_000, "2.0 billion"),
])
def test_large_counts_are_rounded(count: int, text: str) -> None:
    assert short_count(count) == text


@pytest.mark.parametrize(("value", "unit", "text", "exact"), [
    (9_123_456_789.0, "bytes", "9.1 GB", "9,123,456,789 bytes"),
    (3_000_000.0, "rows", "3,000,000 rows", "3,000,000 rows"),
    (5400.0, "s", "1 h 30 min", "5,400 s"),
    (None, None, "", ""),
])
def test_a_quantity_has_a_short_and_an_exact_form(value: float | None, unit: str | None, text: str, exact: str) -> None:
    assert (quantity_text(value, unit), exact_text(value, unit)) == (text, exact)


@pytest.mark.parametrize(("zone", "text"), [
    ("UTC", "29 March 2026, 00:30 UTC"),
    ("Europe/Berlin", "29 March 2026, 01:30 CET (UTC+01:00)"),
    ("Asia/Kolkata", "29 March 2026, 06:00 IST (UTC+05:30)"),
    ("America/Sao_Paulo", "28 March 2026, 21:30 UTC-03:00"),
])
def test_a_time_always_says_its_zone(zone: str, text: str) -> None:
    assert moment_text(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), zone) == text
