"""When nobody telephones, in the system's own zone: stretches of the week, and the nights on which they fall next.

The database counts calls by the hour of its own clock, and tells only today's offset of it. Where that is the system's
own offset, the two are taken to be one clock, before a change of the clocks too. Where it is another (a server on UTC),
each counted day is moved by what lay between the two on it, so a change within the weeks moves only its own days.
People keep their habits by the clock on the wall: a stretch is the same wall time before and after a change.
"""
from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from tasks.analysis.cdr import Week, quietest
from tasks.model.facts import CdrRhythm

_HOURS = 168
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ONE_SIDED_95 = 1.645


class Sureness(StrEnum):
    """How far the counted weeks tell of the next one."""

    LOW = "low"             # less than two weeks, or hardly a call in all of them
    MEDIUM = "medium"       # less than six weeks
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A stretch of each week on the system's own clock.

    ``expected_calls`` begin within it; ``at_most_calls`` is exceeded in one week of twenty.
    """

    weekday: int            # 0 = Monday
    hour: int
    length_h: int
    expected_calls: float
    at_most_calls: int
    sureness: Sureness

    @property
    def words(self) -> str:
        """Such as ``Sunday 23:00 to 02:00``."""
        end = (self.hour + self.length_h) % 24
        return f"{_DAYS[self.weekday]} {self.hour:02}:00 to {end:02}:00"


@dataclass(frozen=True, slots=True)
class QuietNight:
    """One occurrence; both times are aware, in the system's zone. It ends when the clock on the wall says so."""

    hours: QuietHours
    starts_at: datetime
    ends_at: datetime


def week_in_zone(rhythm: CdrRhythm, counted_until: date, utc_offset: timedelta, zone: ZoneInfo) -> pd.DataFrame:
    """Mean calls an hour by weekday (rows, 0 = Monday) and hour (columns) on the clock of ``zone``.

    ``counted_until`` is the first day that was not counted, ``utc_offset`` the database's; an offset that is no whole
    hour shares each hour's calls between the two that it falls on.
    """
    days = max(rhythm.days, 1)
    week = np.asarray(rhythm.calls, dtype=float).reshape(_HOURS) / max(rhythm.days / 7, 1 / 7)
    moved = np.zeros(_HOURS)
    for hours, share in _shifts(counted_until, days, utc_offset, zone).items():
        moved += share / days * _moved(week, hours)
    return pd.DataFrame(moved.reshape(7, 24), index=pd.Index(range(7), name="weekday"), columns=pd.RangeIndex(24))


def quiet_hours(rhythm: CdrRhythm, week: pd.DataFrame, length_h: int, count: int = 3) -> tuple[QuietHours, ...]:
    """The quietest stretches of ``week`` (of ``week_in_zone``), quietest first, none of them overlapping another."""
    weeks = max(rhythm.days / 7, 1 / 7)
    sureness = _sureness(rhythm)
    return tuple(
        QuietHours(span.weekday, span.hour, span.length_h, round(span.calls, 2), _at_most(span.calls, weeks), sureness)
        for span in quietest(week, length_h, count)
    )


def next_nights(
    found: tuple[QuietHours, ...], zone: ZoneInfo, after: datetime, count: int = 3
) -> tuple[QuietNight, ...]:
    """The next occurrences after ``after`` (aware) within four weeks: the quietest stretch first, then the soonest.

    A start that the clock leaps over, in the night in which summer time begins, is left out.
    """
    nights = [night for hours in found for night in islice(_nights(hours, zone, after), 2)]
    place = {hours: number for number, hours in enumerate(found)}
    nights.sort(key=lambda night: (place[night.hours], night.starts_at))
    return tuple(nights[:count])


def _nights(hours: QuietHours, zone: ZoneInfo, after: datetime) -> Iterator[QuietNight]:
    today = after.astimezone(zone).date()
    for ahead in range(29):
        day = today + timedelta(days=ahead)
        if day.weekday() != hours.weekday:
            continue
        start = datetime.combine(day, time(hours.hour), zone)
        end = datetime.combine(day, time(hours.hour), None) + timedelta(hours=hours.length_h)
        there = start.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == start.replace(tzinfo=None)
        if there and start > after:
            yield QuietNight(hours, start, end.replace(tzinfo=zone))


def _shifts(until: date, days: int, utc_offset: timedelta, zone: ZoneInfo) -> Counter[float]:
    """How many of the counted days lie how many hours from the database's clock."""
    shifts: Counter[float] = Counter()
    if _offset(until, zone) == utc_offset:
        return Counter({0.0: days})
    for back in range(1, days + 1):
        shifts[(_offset(until - timedelta(days=back), zone) - utc_offset).total_seconds() / 3600] += 1
    return shifts


def _offset(day: date, zone: ZoneInfo) -> timedelta:
    return datetime.combine(day, time(12), zone).utcoffset() or timedelta()


def _moved(week: Week, hours: float) -> Week:
    whole = math.floor(hours)
    part = hours - whole
    return np.asarray(np.roll(week, whole) * (1 - part) + np.roll(week, whole + 1) * part)


def _at_most(expected: float, weeks: float) -> int:
    """An upper bound for one week: the chance of the week itself, and of the mean having been counted too low.

    Where none were counted at all, three in so many weeks would still be no surprise (the rule of three).
    """
    if expected <= 0:
        return math.ceil(3 / weeks)
    return math.ceil(expected + _ONE_SIDED_95 * math.sqrt(expected + expected / weeks))


def _sureness(rhythm: CdrRhythm) -> Sureness:
    if rhythm.days < 14 or rhythm.total < 50:
        return Sureness.LOW
    return Sureness.MEDIUM if rhythm.days < 42 else Sureness.HIGH
