"""When an engineer is there: shifts on the clock of the engineer's own zone, without the days of absence."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from tasks.model.engineer import Engineer
from tasks.model.fleet import CLOCK_DAYS
from tasks.rules.proposing import Span


def shifts_of(engineer: Engineer, first: datetime, last: datetime) -> tuple[Span, ...] | None:
    """The stretches between two instants in which the engineer works, shifts that touch as one; None: at any hour.

    A shift belongs to the day on which it begins; one that begins on a day of absence, or reaches into one, ends there.
    """
    if not engineer.shifts and not engineer.absences:
        return None
    joined: list[Span] = []
    for span in sorted(_worked(engineer, first, last), key=lambda each: each.starts_at):
        if joined and span.starts_at <= joined[-1].ends_at:
            joined[-1] = Span(joined[-1].starts_at, max(joined[-1].ends_at, span.ends_at))
        else:
            joined.append(span)
    return tuple(joined)


def _worked(engineer: Engineer, first: datetime, last: datetime) -> Iterator[Span]:
    zone = engineer.clock
    day = first.astimezone(zone).date() - timedelta(days=1)
    while day <= last.astimezone(zone).date():
        away = {d for d in (day, day + timedelta(days=1))
                if any(absence.first <= d <= absence.last for absence in engineer.absences)}
        midnight = datetime.combine(day + timedelta(days=1), time(), zone)
        if day not in away:
            for begins, ends in _of_day(engineer, day.weekday()):
                starts_at = datetime.combine(day, begins, zone)
                over = ends <= begins
                ends_at = datetime.combine(day + timedelta(days=1) if over else day, ends, zone)
                if over and day + timedelta(days=1) in away:
                    ends_at = min(ends_at, midnight)
                span = Span(starts_at.astimezone(UTC), ends_at.astimezone(UTC))     # within one zone walls are compared
                if span.starts_at < span.ends_at:
                    yield span
        day += timedelta(days=1)


def _of_day(engineer: Engineer, weekday: int) -> list[tuple[time, time]]:
    """A whole day where no shifts are told."""
    if not engineer.shifts:
        return [(time(), time())]
    return [(shift.begins, shift.ends) for shift in engineer.shifts if CLOCK_DAYS[weekday] in shift.days]
