"""The table of calls: how fast it grows, and at which hours nobody calls.

Times of calls are written in the database server's zone; whoever plans an upgrade thinks in the system's own zone.
The server tells only today's offset from UTC, so calls from before a change of the clocks lie an hour off here, as they
do in the table itself.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.model.facts import CdrRhythm, CdrSpan, Table

_HOURS = 168
_WEEKDAYS = range(7)            # 0 = Monday
_DAY_S = 86_400.0
Week = npt.NDArray[np.float64]      # calls of each of the 168 hours from Monday 00:00


@dataclass(frozen=True, slots=True)
class Growth:
    """``days`` between the first and the last call; the rates are means over it."""

    days: float
    rows_per_day: float
    bytes_per_day: float


def growth(table: Table, span: CdrSpan) -> Growth | None:
    """Rows and bytes a day; None for a table without calls, or with less than a day of them: too short to tell."""
    if span.first is None or span.last is None:
        return None
    days = (span.last - span.first).total_seconds() / _DAY_S
    if days < 1:
        return None
    return Growth(days, table.rows / days, table.size_bytes / days)


def local_week(rhythm: CdrRhythm, utc_offset: timedelta, zone: ZoneInfo, moment: datetime) -> pd.DataFrame:
    """Mean calls an hour by weekday (rows, 0 = Monday) and hour (columns), in ``zone`` with its clock of ``moment``.

    An offset that is no whole hour (India, Nepal) shares each hour's calls between the two hours it falls on.
    """
    local_offset = moment.astimezone(zone).utcoffset() or timedelta()
    hours = (local_offset - utc_offset).total_seconds() / 3600
    whole = int(np.floor(hours))
    part = hours - whole
    week = np.asarray(rhythm.calls, dtype=float).reshape(_HOURS) / max(rhythm.days / 7, 1 / 7)
    moved = np.roll(week, whole) * (1 - part) + np.roll(week, whole + 1) * part
    return pd.DataFrame(moved.reshape(7, 24), index=pd.Index(_WEEKDAYS, name="weekday"), columns=pd.RangeIndex(24))


@dataclass(frozen=True, slots=True)
class QuietSpan:
    """A stretch of the week in the system's own zone: ``weekday`` 0 = Monday, and the calls expected within it."""

    weekday: int
    hour: int
    length_h: int
    calls: float


def quietest(week: pd.DataFrame, length_h: int, count: int = 3) -> tuple[QuietSpan, ...]:
    """The ``count`` quietest stretches of ``length_h`` hours that do not overlap, quietest first.

    Among equally quiet ones the stretch with the quietest hours around it comes first: an upgrade that begins in the
    middle of the night has time left. Sunday's last hour is followed by Monday's first.
    """
    if not 1 <= length_h <= 24:
        raise ValueError("a stretch has 1 to 24 hours")
    hours = week.to_numpy(dtype=float).reshape(_HOURS)
    calls, around = _ahead(hours, length_h), _ahead(np.roll(hours, length_h), 3 * length_h)
    ranked = pd.DataFrame({"calls": calls, "around": around}).round(9).rename_axis("start").reset_index()
    chosen: list[QuietSpan] = []
    taken: set[int] = set()
    for start in ranked.sort_values(["calls", "around", "start"])["start"].astype(int).tolist():
        covered = {(start + step) % _HOURS for step in range(length_h)}
        if covered & taken:
            continue
        chosen.append(QuietSpan(start // 24, start % 24, length_h, float(calls[start])))
        taken |= covered
        if len(chosen) == count:
            break
    return tuple(chosen)


def _ahead(hours: Week, length_h: int) -> Week:
    """For each hour of the week the calls of it and of those that follow, ``length_h`` in all."""
    sums = pd.Series(np.tile(hours, 2)).rolling(length_h).sum().to_numpy()
    return np.asarray(sums[length_h - 1 : length_h - 1 + _HOURS])
