"""When a company telephones: calls by hour over a year, busy on weekdays, thin at noon, quiet at night."""
from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = 365
_HOURS = (
    0.004, 0.002, 0.002, 0.002, 0.003, 0.010, 0.050, 0.250, 0.700, 1.000, 1.100, 1.000,
    0.550, 0.600, 0.950, 1.000, 0.850, 0.500, 0.220, 0.120, 0.070, 0.040, 0.020, 0.010,
)
_WEEKDAYS = (1.10, 1.02, 1.00, 0.98, 0.90, 0.16, 0.06)         # Monday first


@dataclass(frozen=True)
class Hour:
    """One hour of the wall clock, how long it lasts up to now, and its calls, numbered on from ``first_id``."""

    starts_at: datetime
    length_s: int
    first_id: int
    calls: int


def hours(rows: int, now: datetime, zone: ZoneInfo) -> list[Hour]:
    """Spread ``rows`` calls over the year that ends at ``now`` (aware), in the wall clock of ``zone``.

    The ids run with the clock, and the last call falls into the current hour. Hours without a call are left out.
    """
    end = now.astimezone(zone).replace(tzinfo=None, microsecond=0)
    spans = [span for span in _spans(end) if _exists(span[0], zone)]
    weights = [_weight(start) * length_s for start, length_s in spans]
    total = math.fsum(weights)
    found: list[Hour] = []
    reached, given = 0.0, 0
    for (start, length_s), weight in zip(spans, weights, strict=True):
        reached += weight
        last = start == spans[-1][0]
        upto = rows if last else min(rows, int(rows * reached / total))
        if upto > given:
            found.append(Hour(start, length_s, given + 1, upto - given))
            given = upto
    return found


def _spans(end: datetime) -> list[tuple[datetime, int]]:
    """The hours of the year up to ``end``, the last one cut off there."""
    top = end.replace(minute=0, second=0)
    first = top - timedelta(days=DAYS)
    whole = [(first + timedelta(hours=number), 3600) for number in range(DAYS * 24)]
    return [*whole, (top, max(1, int((end - top).total_seconds())))]


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether the wall clock shows this hour: one is left out when summer time begins."""
    there = wall.replace(tzinfo=zone)
    return there.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


def _weight(hour: datetime) -> float:
    day = hour.toordinal()
    wobble = 1 + 0.12 * math.sin(day * 1.7) + 0.08 * math.sin(day / 58)      # no two weeks are alike
    holiday = 0.1 if (hour.month, hour.day) in ((1, 1), (12, 25), (12, 26)) else 1.0
    return _HOURS[hour.hour] * _WEEKDAYS[hour.weekday()] * wobble * holiday
