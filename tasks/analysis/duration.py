"""How long an upgrade takes: a fixed part and the rebuild of the CDR table, as an interval and never as one number.

Majors change the fields of the database (vendor), so the table of calls is rebuilt row by row; the speeds are the
profile's. InnoDB tells its rows only roughly: "may vary from the actual value by as much as 40% to 50%" (MySQL manual,
INFORMATION_SCHEMA TABLES), so a told number may stand for two thirds to twice as many.
"""
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tasks.model.facts import Table
from tasks.model.profile import Profile

_ROUGH = 0.5                            # how far InnoDB's row count may be off
_COUNTED = frozenset({"myisam", "aria"})


class Confidence(StrEnum):
    """How far an estimate is to be trusted, besides the spread that the profile states."""

    LOW = "low"             # the profile has no speed for this engine: the slowest known one is taken
    MEDIUM = "medium"       # the number of rows is the server's guess
    HIGH = "high"           # rows counted by the server, speed of this engine from the profile


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
    """The time of an upgrade of a system with this CDR table, from the profile's speeds."""
    spread = profile.estimate.spread
    speed = profile.rebuild_speed(cdr.engine)
    least, most = _rows_between(cdr)
    rebuild = Interval(
        least / speed * (1 - spread), cdr.rows / speed, most / speed * (1 + spread)
    )
    fixed_s = profile.estimate.fixed_s
    fixed = Interval(fixed_s * (1 - spread), fixed_s, fixed_s * (1 + spread))
    return Estimate(fixed, rebuild, *_trust(cdr, profile))


def rows_within(limit_s: float, cdr: Table, profile: Profile) -> int:
    """How many rows this table may have (as the server tells them) so that even the slow end keeps within the limit."""
    spread = profile.estimate.spread
    left_s = limit_s - profile.estimate.fixed_s * (1 + spread)
    per_row = 1 if _counted(cdr) else 1 / (1 - _ROUGH)
    return max(0, int(left_s * profile.rebuild_speed(cdr.engine) / (1 + spread) / per_row))


def _rows_between(table: Table) -> tuple[float, float]:
    if _counted(table):
        return table.rows, table.rows
    return table.rows / (1 + _ROUGH), table.rows / (1 - _ROUGH)


def _counted(table: Table) -> bool:
    return (table.engine or "").lower() in _COUNTED


def _trust(table: Table, profile: Profile) -> tuple[Confidence, str]:
    speed = f"{profile.rebuild_speed(table.engine):,.0f} rows/s"
    if (table.engine or "").lower() not in {entry.engine.lower() for entry in profile.estimate.speeds}:
        return Confidence.LOW, f"the profile has no speed for {table.engine}; its slowest, {speed}, is taken"
    if not _counted(table):
        return Confidence.MEDIUM, f"{table.engine} tells its rows roughly; the profile's speed is {speed}"
    return Confidence.HIGH, f"{table.engine} counts its rows; the profile's speed is {speed}"
