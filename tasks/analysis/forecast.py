"""What comes: the table of calls on the day of the upgrade, and the day on which a disk is full.

One visit tells a rate from the calls themselves; two sweeps tell what a disk really took between them, with all that is
written beside the calls (recordings, voicemail, logs). The second is used where it is known.
"""
from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median

from tasks.analysis.cdr import Growth, growth
from tasks.model.fact import Unknown
from tasks.model.facts import CdrRhythm, CdrSpan, Table

_DAY_S = 86_400.0
FAR_DAYS = 3_650.0              # ten years: no forecast from some weeks reaches further


@dataclass(frozen=True, slots=True)
class Used:
    """What a file system held at a moment (aware)."""

    at: datetime
    used_bytes: int


@dataclass(frozen=True, slots=True)
class UntilFull:
    """``days`` is None where the disk does not fill up within ten years; ``basis`` is half a sentence."""

    days: float | None
    bytes_per_day: float
    basis: str


def calls_growth(cdr: Table, span: CdrSpan | Unknown, rhythm: CdrRhythm | Unknown) -> Growth | None:
    """Rows and bytes a day: of the last weeks where they were counted, else the mean since the first call.

    An empty table grows by nothing. None where neither is known; a table younger than a day counts as a day old.
    """
    if isinstance(rhythm, CdrRhythm) and rhythm.days:
        rows_per_day = rhythm.total / rhythm.days
        return Growth(float(rhythm.days), rows_per_day, rows_per_day * _row_bytes(cdr))
    if isinstance(span, Unknown):
        return None
    if span.first is None or span.last is None:
        return Growth(0.0, 0.0, 0.0)
    return growth(cdr, span) or Growth(1.0, float(cdr.rows), float(cdr.size_bytes))


def grown(cdr: Table, rate: Growth, days: float) -> Table:
    """The table as it will be after so many days at this rate; its indexes grow with its rows."""
    if not cdr.size_bytes:
        return cdr
    factor = 1 + rate.bytes_per_day * days / cdr.size_bytes
    return replace(
        cdr,
        rows=round(cdr.rows + rate.rows_per_day * days),
        data_bytes=math.ceil(cdr.data_bytes * factor),
        index_bytes=math.ceil(cdr.index_bytes * factor),
    )


def used_per_day(readings: Iterable[Used]) -> float | None:
    """Bytes a day that a file system takes, over all its sweeps; None for less than two readings, or than half a day.

    The median of the rates from one sweep to the next: one clean-up or one copied backup does not turn it round.
    """
    told = sorted(readings, key=lambda reading: reading.at)
    rates = []
    before = told[0] if told else None
    for reading in told[1:]:
        assert before is not None
        days = (reading.at - before.at).total_seconds() / _DAY_S
        if days >= 0.5:
            rates.append((reading.used_bytes - before.used_bytes) / days)
            before = reading
    return median(rates) if rates else None


def until_full(free_bytes: int, bytes_per_day: float, basis: str) -> UntilFull:
    """How long the free bytes last at this rate."""
    days = free_bytes / bytes_per_day if bytes_per_day > 0 else math.inf
    return UntilFull(days if days <= FAR_DAYS else None, bytes_per_day, basis)


def _row_bytes(cdr: Table) -> float:
    return cdr.size_bytes / cdr.rows if cdr.rows else 0.0
