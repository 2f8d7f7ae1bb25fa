"""How long an upgrade takes: a fixed part and the rebuild of the CDR table, as an interval and never as one number.

Majors change the fields of the database (vendor), so the table of calls is rebuilt row by row. Where the profile holds
a fit on measured ALTERs, it tells the time and how far it may be off; elsewhere the profile's speeds are a cautious
guess with a wide spread. InnoDB tells its rows only roughly: "may vary from the actual value by as much as 40% to 50%"
(MySQL manual, INFORMATION_SCHEMA TABLES), so a told number may stand for two thirds to twice as many.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from tasks.analysis.database import without_holes
from tasks.analysis.rebuild_time import interval_s
from tasks.model.facts import Table
from tasks.model.profile import Profile
from tasks.model.profile_estimate import Fit

_ROUGH = 0.5                            # how far InnoDB's row count may be off
_COUNTED = frozenset({"myisam", "aria"})
_ROW_BYTES = 230.0                      # of an empty table that has none to be measured by
_MOST_ROWS = 2**40


class Confidence(StrEnum):
    """How far an estimate is to be trusted, besides its interval."""

    LOW = "low"             # the profile knows nothing of this engine: its slowest speed is taken
    MEDIUM = "medium"       # a speed that nobody has measured there, or a fit without the disk's speed
    HIGH = "high"           # a fit on measured ALTERs, scored on others, for a disk of known speed


@dataclass(frozen=True, slots=True)
class Interval:
    """Seconds: at best, most likely, at worst."""

    low_s: float
    expected_s: float
    high_s: float

    def __add__(self, other: Interval) -> Interval:
        return Interval(
            self.low_s + other.low_s, self.expected_s + other.expected_s, self.high_s + other.high_s
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """``fixed`` is all but the rebuild: unpack, stop, convert, swap, start. ``basis`` is one sentence."""

    fixed: Interval
    rebuild: Interval
    confidence: Confidence
    basis: str

    @property
    def total(self) -> Interval:
        return self.fixed + self.rebuild


def estimate_upgrade(cdr: Table, profile: Profile) -> Estimate:
    """The time of an upgrade of a system with this CDR table, from the profile's fit or speeds."""
    cdr = without_holes(cdr)
    spread, fixed_s = profile.estimate.spread, profile.estimate.fixed_s
    fixed = Interval(fixed_s * (1 - spread), fixed_s, fixed_s * (1 + spread))
    fit = profile.estimate.fit
    engine = fit.of(cdr.engine) if fit else None
    if fit and engine:
        return Estimate(fixed, Interval(*interval_s(cdr, engine, fit.disk)), *_fitted(fit))
    speed = profile.rebuild_speed(cdr.engine)
    least, most = _rows_between(cdr)
    rebuild = Interval(least / speed * (1 - spread), cdr.rows / speed, most / speed * (1 + spread))
    return Estimate(fixed, rebuild, *_guessed(cdr, profile))


def rows_within(limit_s: float, cdr: Table, profile: Profile) -> int:
    """How many rows this table may have (as the server tells them) so that even the slow end keeps within the limit.

    The rows are taken to be as long, and as much indexed, as those that are there.
    """
    cdr, few, many = without_holes(cdr), 0, 1
    while many < _MOST_ROWS and _slow_end_s(cdr, many, profile) <= limit_s:
        few, many = many, many * 2
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (middle, many) if _slow_end_s(cdr, middle, profile) <= limit_s else (few, middle)
    return few


def _slow_end_s(cdr: Table, rows: int, profile: Profile) -> float:
    data, index = (cdr.data_bytes / cdr.rows, cdr.index_bytes / cdr.rows) if cdr.rows else (_ROW_BYTES, 0.0)
    resized = replace(cdr, rows=rows, data_bytes=math.ceil(rows * data), index_bytes=math.ceil(rows * index))
    return estimate_upgrade(resized, profile).total.high_s


def _rows_between(table: Table) -> tuple[float, float]:
    if (table.engine or "").lower() in _COUNTED:
        return table.rows, table.rows
    return table.rows / (1 + _ROUGH), table.rows / (1 - _ROUGH)


def _fitted(fit: Fit) -> tuple[Confidence, str]:
    score = fit.score
    told = (
        f"fitted on {score.measured:,} measured ALTERs; told by fits that had not seen their tables, "
        f"{score.coverage:.0%} of them lay within the interval, half of them within {score.median_error:.0%} of what "
        "was expected"
    )
    if fit.disk.known:
        return Confidence.HIGH, told
    return Confidence.MEDIUM, f"{told}; how fast this disk is was not told, so the interval spans those of the site"


def _guessed(table: Table, profile: Profile) -> tuple[Confidence, str]:
    speed = f"{profile.rebuild_speed(table.engine):,.0f} rows/s"
    if (table.engine or "").lower() not in {entry.engine.lower() for entry in profile.estimate.speeds}:
        return Confidence.LOW, f"the profile has no speed for {table.engine}; its slowest, {speed}, is taken"
    told = "tells its rows roughly" if (table.engine or "").lower() not in _COUNTED else "counts its rows"
    unfitted = "not fitted on measured upgrades of such systems"
    return Confidence.MEDIUM, f"{table.engine} {told}; the profile's speed is {speed}, {unfitted}"
