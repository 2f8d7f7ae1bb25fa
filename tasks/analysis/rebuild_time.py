"""The time of the ALTER that rebuilds a CDR table, by a fit on measured ones: what is expected, and nine in ten cases.

For InnoDB the bytes carry the weight: they are counted, where its rows are guessed (MySQL manual, INFORMATION_SCHEMA
TABLES). How a fit is made and scored: benchmarks/alter_fit.py.
"""
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.model.facts import Table
from tasks.model.profile_estimate import DiskSpeed, RebuildFit

STEADY_S = 0.5                  # below it an ALTER's time is the machine's mood: errors are told of the time and this
Numbers = npt.NDArray[Any]
_NOTHING = 1e-300
_SIZE_BYTES = 1e8               # of the table that the coefficients are told for


def expected_s(table: Table, fit: RebuildFit, disk_bytes_per_s: float) -> float:
    """The most likely time on a disk of this speed."""
    return float(times_s(np.array([table.rows]), np.array([table.size_bytes]), fit, np.array([disk_bytes_per_s]))[0])


def times_s(rows: Numbers, size_bytes: Numbers, fit: RebuildFit, disk_bytes_per_s: Numbers) -> Numbers:
    """The same for many tables at once, as a fit needs it."""
    processor = rows * fit.row_s + size_bytes * fit.byte_s
    disk = fit.disk_passes * size_bytes / disk_bytes_per_s
    longer, shorter = np.maximum(processor, disk), np.minimum(processor, disk)
    both = longer * (1 + (shorter / np.maximum(longer, _NOTHING)) ** fit.overlap) ** (1 / fit.overlap)
    return np.asarray(fit.start_s + both * (np.maximum(size_bytes, 1.0) / _SIZE_BYTES) ** fit.growth, dtype=float)


def interval_s(table: Table, fit: RebuildFit, disk: DiskSpeed) -> tuple[float, float, float]:
    """Low, expected and high; a disk that is not known widens it from the fastest disk's low to the slowest's high."""
    low = (expected_s(table, fit, disk.high_bytes_per_s) + STEADY_S) * fit.low - STEADY_S
    middle = expected_s(table, fit, disk.expected_bytes_per_s)
    high = (expected_s(table, fit, disk.low_bytes_per_s) + STEADY_S) * fit.high - STEADY_S
    return max(0.0, min(low, middle)), middle, max(high, middle)
