"""How long an upgrade takes, from the measured speeds of a profile."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.duration import Confidence, estimate_upgrade, rows_within
from tasks.model.facts import Table
from tasks.model.profile import Estimate, Profile, RebuildSpeed

LAB = Path(__file__).parents[2] / "deployments" / "profiles" / "lab.yaml"
SPEEDS = (RebuildSpeed(engine="MyISAM", rows_per_s=1000), RebuildSpeed(engine="InnoDB", rows_per_s=500))
PROFILE = Profile(name="p", estimate=Estimate(fixed_s=100, spread=0.2, speeds=SPEEDS))
engines = st.sampled_from(["MyISAM", "InnoDB", "Aria", "innodb", "TokuDB", None])


def cdr(rows: int, engine: str | None = "MyISAM") -> Table:
    return Table("cdr", engine, rows, rows * 200, rows * 30, 0)


def test_counted_rows_leave_only_the_spread_of_the_speed() -> None:
    total = estimate_upgrade(cdr(100_000), PROFILE).total
    assert (total.low_s, total.expected_s, total.high_s) == pytest.approx((160, 200, 240))


def test_rows_that_are_told_roughly_widen_the_interval() -> None:
    total = estimate_upgrade(cdr(100_000, "InnoDB"), PROFILE).total
    # 200,000 rows at 400 rows/s and 120 s at worst; 66,667 rows at 625 rows/s and 80 s at best
    assert (total.low_s, total.expected_s, total.high_s) == pytest.approx((80 + 106.667, 300, 120 + 480), rel=1e-3)


@pytest.mark.parametrize(
    ("engine", "confidence", "words"),
    [
        ("MyISAM", Confidence.HIGH, "MyISAM counts its rows; the profile's speed is 1,000 rows/s"),
        ("InnoDB", Confidence.MEDIUM, "InnoDB tells its rows roughly; the profile's speed is 500 rows/s"),
        ("Aria", Confidence.LOW, "the profile has no speed for Aria; its slowest, 500 rows/s, is taken"),
    ],
)
def test_an_estimate_says_how_far_it_is_to_be_trusted(engine: str, confidence: Confidence, words: str) -> None:
    estimate = estimate_upgrade(cdr(10, engine), PROFILE)
    assert (estimate.confidence, estimate.basis) == (confidence, words)


def test_the_labs_measured_rebuilds_lie_within_its_estimate() -> None:
    """A million rows took 15.6 s (InnoDB), 13.3 s (MyISAM) and 14.1 s (Aria) in the lab."""
    lab = Profile.model_validate(yaml.safe_load(LAB.read_text()))
    for engine, took_s in {"InnoDB": 15.6, "MyISAM": 13.3, "Aria": 14.1}.items():
        rebuild = estimate_upgrade(cdr(1_000_000, engine), lab).rebuild
        assert rebuild.low_s < took_s < rebuild.high_s


@given(st.integers(0, 50_000_000), engines)
def test_the_interval_holds_what_is_expected(rows: int, engine: str | None) -> None:
    total = estimate_upgrade(cdr(rows, engine), PROFILE).total
    assert 0 <= total.low_s <= total.expected_s <= total.high_s


@given(st.integers(0, 50_000_000), st.integers(0, 50_000_000), engines)
def test_more_rows_never_take_less_time(few: int, more: int, engine: str | None) -> None:
    few, more = sorted((few, more))
    slow_end = [estimate_upgrade(cdr(rows, engine), PROFILE).total.high_s for rows in (few, more)]
    assert slow_end == sorted(slow_end)


@given(st.integers(0, 100_000), engines)
def test_the_rows_that_fit_keep_the_limit_and_one_more_breaks_it(limit_s: int, engine: str | None) -> None:
    rows = rows_within(limit_s, cdr(0, engine), PROFILE)
    if rows:
        assert estimate_upgrade(cdr(rows, engine), PROFILE).total.high_s <= limit_s * (1 + 1e-9)
    assert estimate_upgrade(cdr(rows + 1, engine), PROFILE).total.high_s >= limit_s * (1 - 1e-9)
