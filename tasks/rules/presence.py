"""When an engineer is there: shifts and absences, by the clock and the calendar of the engineer's own zone."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tasks.model.engineer import Absence, Engineer, Shift
from tasks.model.fleet import CLOCK_DAYS

DAY = timedelta(days=1)


def on_shift(engineer: Engineer, now: datetime) -> bool:
    """Whether ``now`` is an hour of work. Absences are not asked for; without shifts every hour is one."""
    local = now.astimezone(engineer.clock).replace(tzinfo=None)
    return not engineer.shifts or any(
        begins <= local < ends
        for shift in engineer.shifts
        for begins, ends in _around(shift, local, days=0)
    )


def next_shift(engineer: Engineer, now: datetime) -> datetime | None:
    """When the engineer comes to work next, in UTC; None while at work."""
    if on_shift(engineer, now):
        return None
    local = now.astimezone(engineer.clock).replace(tzinfo=None)
    begins = min(start for shift in engineer.shifts for start, _ in _around(shift, local, days=7) if start > local)
    return begins.replace(tzinfo=engineer.clock).astimezone(UTC)


def absence_within(engineer: Engineer, now: datetime, days: int) -> Absence | None:
    """The first absence of today or of the ``days`` after it."""
    today = now.astimezone(engineer.clock).date()
    last = today + days * DAY
    theirs = [each for each in engineer.absences if each.first <= last and each.last >= today]
    return min(theirs, key=lambda each: (each.first, each.last, each.reason), default=None)


def absent(engineer: Engineer, now: datetime) -> Absence | None:
    """The absence of today that lasts longest."""
    today = now.astimezone(engineer.clock).date()
    theirs = [each for each in engineer.absences if each.first <= today <= each.last]
    return max(theirs, key=lambda each: (each.last, each.first, each.reason), default=None)


def _around(shift: Shift, local: datetime, *, days: int) -> Iterator[tuple[datetime, datetime]]:
    """The shift as it begins yesterday, which may not be over, today and on ``days`` more, on the wall clock."""
    for offset in range(-1, days + 1):
        day = local.date() + offset * DAY
        if CLOCK_DAYS[day.weekday()] in shift.days:
            begins, ends = datetime.combine(day, shift.begins), datetime.combine(day, shift.ends)
            yield begins, ends if ends > begins else ends + DAY
