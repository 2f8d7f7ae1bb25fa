"""The time of the ALTER that rebuilds a CDR table, by a fit on measured ones: what is expected, and nine in ten cases.

For InnoDB the bytes carry the weight: they are counted, where its rows are guessed (MySQL manual, INFORMATION_SCHEMA
TABLES). How a fit is made and scored: benchmarks/alter_fit.py.
"""
from __future__ import annotations

import math

from tasks.model.facts import Table
from tasks.model.profile_estimate import DiskSpeed, RebuildFit

STEADY_S = 0.5                  # below it an ALTER's time is the machine's mood: errors are told of the time and this


def expected_s(table: Table, fit: RebuildFit, disk_bytes_per_s: float) -> float:
    """The most likely time on a disk of this speed."""
    processor = table.rows * fit.row_s + table.size_bytes * fit.byte_s
    disk = fit.disk_passes * table.size_bytes / disk_bytes_per_s
    longer, shorter = max(processor, disk), min(processor, disk)
    if longer <= 0:
        return fit.start_s
    return fit.start_s + longer * float((1 + (shorter / longer) ** fit.overlap) ** (1 / fit.overlap))


def interval_s(table: Table, fit: RebuildFit, disk: DiskSpeed) -> tuple[float, float, float]:
    """Low, expected and high; a disk that is not known widens it from the fastest disk's low to the slowest's high."""
    low = (expected_s(table, fit, disk.high_bytes_per_s) + STEADY_S) * fit.low - STEADY_S
    middle = expected_s(table, fit, disk.expected_bytes_per_s)
    high = (expected_s(table, fit, disk.low_bytes_per_s) + STEADY_S) * fit.high - STEADY_S
    return max(0.0, min(low, middle)), middle, max(high, middle)


def log_error(actual_s: float, expected: float) -> float:
    """The error that the interval's factors are quantiles of: the logarithm of actual over expected, steadied."""
    return math.log((actual_s + STEADY_S) / (expected + STEADY_S))
