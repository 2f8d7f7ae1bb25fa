"""Fit the time of an ALTER on the measurements of ``alter_durations``, and score it on tables that it has not seen.

``python -m benchmarks.alter_fit [--data CSV ...] [--out JSON]`` prints the score and the profile's section
``estimate.fit``, and writes both, with each held-out prediction, to ``benchmarks/data/alter_fit.json``.

The tables are dealt into folds, each engine over all its sizes. A table's ALTERs, on all its disks, are told by a fit
and an interval that were made of the other folds alone. Within those, the interval's factors are quantiles of errors
that are out of fold in the same way. The profile gets the fit on all of them.
"""
from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from benchmarks.alter_durations import DATA
from deployments.cli.output import print_table
from tasks.analysis.rebuild_time import STEADY_S, interval_s, times_s
from tasks.model.facts import Table
from tasks.model.profile_estimate import DiskSpeed, RebuildFit

OUT = DATA.with_name("alter_fit.json")
LEVEL = 0.90
FOLDS = 6
OVERLAPS = (1.0, 2.0, 6.0)
_START = np.array([*np.log([0.05, 4e-6, 2e-9, 1.0]), 0.0])     # start_s, row_s, byte_s, disk_passes; growth
_PRIOR = 0.02                                   # how little these guesses weigh against the measurements
Vector = npt.NDArray[np.float64]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, nargs="+", default=[DATA])
    options.add_argument("--out", type=Path, default=OUT)
    asked = options.parse_args()
    measured = pd.concat([pd.read_csv(path) for path in asked.data], ignore_index=True)
    told = pd.concat([held_out(str(engine), part) for engine, part in measured.groupby("engine")]).sort_index()
    fits = {str(engine): fitted(str(engine), part) for engine, part in measured.groupby("engine")}
    score = scored(told) | {"measured": len(measured)}
    rows = [("all", score), *((engine, scored(part)) for engine, part in told.groupby("engine"))]
    print_table(
        ("engine", "held out", "within 90%", "median error", "90% error"),
        [(name, one["held_out"], f"{one['coverage']:.1%}", f"{one['median_error']:.1%}", f"{one['error_90']:.1%}")
         for name, one in rows],
    )
    section = {
        "engines": [rounded(fit) for fit in fits.values()],
        "score": {name: score[name] for name in ("measured", "held_out", "coverage", "median_error")},
    }
    print(yaml.safe_dump({"fit": section}, sort_keys=False))
    asked.out.write_text(json.dumps({
        "score": score, "by_engine": dict(rows[1:]), "foreign_cpu": quartiles(measured),
        "fit": section, "held_out": json.loads(told.to_json(orient="records")),
    }, indent=1) + "\n")


def held_out(engine: str, part: pd.DataFrame) -> pd.DataFrame:
    """Every measurement of an engine, with the interval of a fit that knows nothing of its table."""
    own = folds(part, FOLDS)
    return pd.concat([
        predicted(part[own == number], fitted(engine, part[own != number])) for number in range(FOLDS)
    ])


def folds(part: pd.DataFrame, count: int) -> npt.NDArray[np.int64]:
    """The fold of each measurement: whole tables, dealt in the order of their sizes."""
    tables = part.groupby(["seed", "table"])["true_rows"].first().sort_values(kind="stable").index
    fold = {table: number % count for number, table in enumerate(tables)}
    return np.array([fold[key] for key in zip(part["seed"], part["table"], strict=True)])


def fitted(engine: str, part: pd.DataFrame) -> RebuildFit:
    """The best of the overlaps by its out-of-fold errors, with the quantiles of these as the interval."""
    errors = {overlap: out_of_fold(engine, part, overlap) for overlap in OVERLAPS}
    best = min(errors, key=lambda overlap: float(np.median(np.abs(errors[overlap]))))
    low, high = conformal(errors[best])
    return least_squares(engine, part, best).model_copy(
        update={"low": min(1.0, math.exp(low)), "high": max(1.0, math.exp(high))}
    )


def out_of_fold(engine: str, part: pd.DataFrame, overlap: float) -> Vector:
    """Each measurement's error by a fit that knows nothing of its table."""
    own, errors = folds(part, FOLDS), np.zeros(len(part))
    for number in range(FOLDS):
        fit = least_squares(engine, part[own != number], overlap)
        errors[own == number] = log_errors(part[own == number], fit)
    return errors


def conformal(errors: Vector) -> tuple[float, float]:
    """The two-sided quantiles that hold a new error with LEVEL, with the correction for a finite number of them."""
    tail = (1 - LEVEL) / 2
    count = len(errors)
    upper = min(1.0, math.ceil((count + 1) * (1 - tail)) / count)
    return -float(np.quantile(-errors, upper, method="higher")), float(np.quantile(errors, upper, method="higher"))


def least_squares(engine: str, part: pd.DataFrame, overlap: float) -> RebuildFit:
    """Robust least squares of the log errors (Levenberg-Marquardt, Huber's weights); coefficients stay positive."""
    at, damping = _START.copy(), 0.1
    best = _cost(engine, part, overlap, at)
    for _ in range(25):
        errors = _errors(engine, part, overlap, at)
        steps = 1e-4 * np.eye(len(at))
        slopes = np.stack([(_errors(engine, part, overlap, at + step) - errors) / 1e-4 for step in steps], 1)
        weights = np.minimum(1.0, 0.3 / np.maximum(np.abs(errors), 1e-9))
        normal = slopes.T @ (weights[:, None] * slopes) + _PRIOR * np.eye(len(at))
        toward = slopes.T @ (weights * errors) + _PRIOR * (at - _START)
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -toward)
        cost = _cost(engine, part, overlap, at + step)
        if cost < best:
            at, best, damping = at + step, cost, damping / 3
        else:
            damping *= 4
    return _fit_of(engine, overlap, at)


def _errors(engine: str, part: pd.DataFrame, overlap: float, at: Vector) -> Vector:
    return log_errors(part, _fit_of(engine, overlap, at))


def log_errors(part: pd.DataFrame, fit: RebuildFit) -> Vector:
    """The logarithms of actual over expected, steadied: what the interval's factors are quantiles of."""
    size_bytes = (part["data_bytes"] + part["index_bytes"]).to_numpy(float)
    rates = part["disk_bytes_per_s"].to_numpy(float)
    expected = times_s(part["rows"].to_numpy(float), size_bytes, fit, rates)
    return np.asarray(np.log((part["duration_s"].to_numpy(float) + STEADY_S) / (expected + STEADY_S)))


def _cost(engine: str, part: pd.DataFrame, overlap: float, at: Vector) -> float:
    errors = np.abs(_errors(engine, part, overlap, at))
    huber = np.where(errors < 0.3, errors**2 / 2, 0.3 * (errors - 0.15))
    return float(huber.sum() + _PRIOR * np.sum((at - _START) ** 2) / 2)


def _fit_of(engine: str, overlap: float, at: Vector) -> RebuildFit:
    start_s, row_s, byte_s, passes = (float(value) for value in np.exp(np.clip(at[:4], -40, 5)))
    return RebuildFit.model_construct(
        engine=engine, start_s=start_s, row_s=row_s, byte_s=byte_s, disk_passes=passes, overlap=overlap,
        growth=float(np.clip(at[4], -0.5, 1)), low=1.0, high=1.0,
    )


def table_of(row: Any) -> Table:
    """What an inspection was told of the measured table."""
    return Table("cdr", row.engine, int(row.rows), int(row.data_bytes), int(row.index_bytes), 0)


def predicted(held: pd.DataFrame, fit: RebuildFit) -> pd.DataFrame:
    """The held-out measurements with the interval that the estimate would have given, for a disk of known speed."""
    told = held.copy()
    disks = {rate: DiskSpeed(low_bytes_per_s=rate, expected_bytes_per_s=rate, high_bytes_per_s=rate)
             for rate in told["disk_bytes_per_s"]}
    told[["low_s", "expected_s", "high_s"]] = [
        interval_s(table_of(row), fit, disks[row.disk_bytes_per_s]) for row in told.itertuples()
    ]
    return told.round({"low_s": 3, "expected_s": 3, "high_s": 3})


def scored(told: pd.DataFrame) -> dict[str, Any]:
    within = (told["low_s"] <= told["duration_s"]) & (told["duration_s"] <= told["high_s"])
    error = (told["expected_s"] / told["duration_s"] - 1).abs()
    return {
        "held_out": len(told),
        "coverage": round(float(within.mean()), 3),
        "median_error": round(float(error.median()), 3),
        "error_90": round(float(error.quantile(0.9)), 3),
    }


def quartiles(measured: pd.DataFrame) -> list[float]:
    return [round(float(measured["foreign_cpu"].quantile(part)), 2) for part in (0.25, 0.5, 0.75)]


def rounded(fit: RebuildFit) -> dict[str, Any]:
    told = fit.model_dump()
    return {name: value if isinstance(value, str) else float(f"{value:.4g}") for name, value in told.items()}


if __name__ == "__main__":
    main()
