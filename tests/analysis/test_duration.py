"""How long an upgrade takes, from the measured speeds of a profile."""
from __future__ import annotations

import json
from pathlib import Path
from statistics import median

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.duration import Confidence, estimate_upgrade, rows_within
from tasks.model.facts import Table
from tasks.model.profile import Estimate, Profile, RebuildSpeed
from tasks.model.profile_estimate import DiskSpeed, Fit, FitScore, RebuildFit

LAB = Path(__file__).parents[2] / "deployments" / "profiles" / "lab.yaml"
DATA = Path(__file__).parents[2] / "benchmarks" / "data"
SPEEDS = (RebuildSpeed(engine="MyISAM", rows_per_s=1000), RebuildSpeed(engine="InnoDB", rows_per_s=500))
GUESSED = "not fitted on measured upgrades of such systems"
PROFILE = Profile(name="p", estimate=Estimate(fixed_s=100, spread=0.2, speeds=SPEEDS))
engines = st.sampled_from(["MyISAM", "InnoDB", "Aria", "innodb", "TokuDB", None])


def cdr(rows: int, engine: str | None = "MyISAM") -> Table:
    return Table("cdr", engine, rows, rows * 200, rows * 30, 0)


def test_counted_rows_leave_only_the_spread_of_the_speed() -> None:
    total = estimate_upgrade(cdr(100_000), PROFILE).total
    assert (total.low_s, total.expected_s, total.high_s) == pytest.approx((160, 200, 240))


def test_the_room_of_archived_rows_costs_a_rebuild_nothing() -> None:
    lab = Profile.model_validate(yaml.safe_load(LAB.read_text()))
    whole, holed = cdr(1_000_000), Table("cdr", "MyISAM", 1_000_000, 1_000_000_000, 150_000_000, 800_000_000)
    assert estimate_upgrade(holed, lab) == estimate_upgrade(whole, lab)
    assert rows_within(60, holed, lab) == rows_within(60, whole, lab)


def test_rows_that_are_told_roughly_widen_the_interval() -> None:
    total = estimate_upgrade(cdr(100_000, "InnoDB"), PROFILE).total
    # 200,000 rows at 400 rows/s and 120 s at worst; 66,667 rows at 625 rows/s and 80 s at best
    assert (total.low_s, total.expected_s, total.high_s) == pytest.approx((80 + 106.667, 300, 120 + 480), rel=1e-3)


@pytest.mark.parametrize(
    ("engine", "confidence", "words"),
    [
        ("MyISAM", Confidence.MEDIUM, f"MyISAM counts its rows; the profile's speed is 1,000 rows/s, {GUESSED}"),
        ("InnoDB", Confidence.MEDIUM, f"InnoDB tells its rows roughly; the profile's speed is 500 rows/s, {GUESSED}"),
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


ONE_DISK = DiskSpeed(low_bytes_per_s=1e8, expected_bytes_per_s=1e8, high_bytes_per_s=1e8)
SCORE = FitScore(measured=200, held_out=100, coverage=0.9, median_error=0.1)
MYISAM = RebuildFit(engine="MyISAM", start_s=1, row_s=1e-5, byte_s=1e-9, disk_passes=2, overlap=1, low=0.8, high=1.5)


def fitted(disk: DiskSpeed, fit: RebuildFit = MYISAM) -> Profile:
    section = Fit(engines=(fit,), score=SCORE, disk=disk)
    return PROFILE.model_copy(update={"estimate": PROFILE.estimate.model_copy(update={"fit": section})})


def test_a_fit_goes_before_the_profiles_speed_and_tells_its_score() -> None:
    estimate = estimate_upgrade(cdr(1_000_000), fitted(ONE_DISK))
    # a second, 10 s for the rows, 0.23 s for the bytes, and 230 MB twice at 100 MB/s
    assert estimate.rebuild.expected_s == pytest.approx(1 + 10 + 0.23 + 4.6)
    assert estimate.rebuild.low_s == pytest.approx((15.83 + 0.5) * 0.8 - 0.5)
    assert estimate.rebuild.high_s == pytest.approx((15.83 + 0.5) * 1.5 - 0.5)
    assert estimate.confidence is Confidence.HIGH
    assert estimate.basis == (
        "fitted on 200 measured ALTERs; told by fits that had not seen their tables, 90% of them lay within the "
        "interval, half of them within 10% of what was expected"
    )


def test_an_engine_that_was_not_measured_keeps_its_guess() -> None:
    table = cdr(1_000_000, "InnoDB")
    assert estimate_upgrade(table, fitted(ONE_DISK)) == estimate_upgrade(table, PROFILE)


def test_a_disk_that_nobody_knows_widens_the_interval() -> None:
    known, unknown = (estimate_upgrade(cdr(1_000_000), fitted(disk)) for disk in (ONE_DISK, DiskSpeed()))
    assert unknown.rebuild.low_s < known.rebuild.low_s < known.rebuild.high_s < unknown.rebuild.high_s
    assert unknown.confidence is Confidence.MEDIUM and "how fast this disk is was not told" in unknown.basis


def test_where_processor_and_disk_work_at_once_the_slower_one_counts() -> None:
    both = fitted(ONE_DISK, MYISAM.model_copy(update={"overlap": 50.0}))
    assert estimate_upgrade(cdr(1_000_000), both).rebuild.expected_s == pytest.approx(1 + 10.23, rel=1e-3)


@given(st.integers(0, 50_000_000), st.floats(1e6, 1e10), st.floats(1, 10))
def test_a_slower_disk_never_makes_an_upgrade_faster(rows: int, speed: float, slower: float) -> None:
    low, high = speed / slower, speed
    disks = [DiskSpeed(low_bytes_per_s=s, expected_bytes_per_s=s, high_bytes_per_s=s) for s in (high, low)]
    fast, slow = (estimate_upgrade(cdr(rows), fitted(disk)).total for disk in disks)
    assert slow.expected_s >= fast.expected_s * (1 - 1e-9) and slow.high_s >= fast.high_s * (1 - 1e-9)


@given(st.integers(100, 100_000))
def test_the_rows_that_fit_by_a_fit_keep_the_limit_and_one_more_breaks_it(limit_s: int) -> None:
    profile, some = fitted(ONE_DISK), cdr(1_000)
    rows = rows_within(limit_s, some, profile)
    high = [estimate_upgrade(cdr(each), profile).total.high_s for each in (rows, rows + 1)]
    assert rows == 0 or high[0] <= limit_s * (1 + 1e-9)
    assert high[1] >= limit_s * (1 - 1e-9)


def test_the_score_that_is_kept_is_that_of_the_held_out_predictions_beside_it() -> None:
    kept = json.loads((DATA / "alter_fit.json").read_text())
    rows = kept["held_out"]
    inside = sum(row["low_s"] <= row["duration_s"] <= row["high_s"] for row in rows) / len(rows)
    error = median(abs(row["expected_s"] / row["duration_s"] - 1) for row in rows)
    assert (inside, error) == (pytest.approx(kept["score"]["coverage"], abs=1e-3),
                               pytest.approx(kept["score"]["median_error"], abs=1e-3))
    assert 0.85 <= inside <= 0.95 and error < 0.15


def test_the_labs_profile_holds_the_fit_that_the_repository_keeps() -> None:
    kept = Fit.model_validate(json.loads((DATA / "alter_fit.json").read_text())["fit"])
    lab = Profile.model_validate(yaml.safe_load(LAB.read_text())).estimate.fit
    assert lab is not None and (lab.engines, lab.score) == (kept.engines, kept.score)
