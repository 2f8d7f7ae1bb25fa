"""A client's own business days and hours, counted on the client's clock."""
from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tasks.model.fleet import CLOCK_DAYS, Hours

USUAL = Hours(days=CLOCK_DAYS[:5], opens=time(9), closes=time(17))     # where the fleet file tells none
_LOOKED_AHEAD = 400                                                    # days, before "never" is the answer


@dataclass(frozen=True)
class Calendar:
    """``closed``: public holidays and the client's own blackouts."""

    zone: ZoneInfo
    hours: tuple[Hours, ...] = ()
    closed: Collection[date] = frozenset()

    def after(self, start: datetime, days: int) -> datetime | None:
        """The moment, in business hours, that lies so many business days after ``start`` (aware).

        The same time of the day, or the next at which somebody is there. None: there is no such day for a year.
        """
        local = start.astimezone(self.zone)
        passed = 0
        for day in _days_from(local.date() + timedelta(days=1)):
            spans = self._spans(day)
            passed += bool(spans)
            if passed < days:
                continue
            at = _within(spans, local.time() if passed == days else time.min)
            if at is not None:
                return datetime.combine(day, at, self.zone).astimezone(UTC)
        return None

    def opening(self, start: datetime) -> datetime | None:
        """``start`` itself where it lies in business hours, else the next moment that does."""
        local = start.astimezone(self.zone)
        for day in _days_from(local.date()):
            at = _within(self._spans(day), local.time() if day == local.date() else time.min)
            if at is not None:
                same = day == local.date() and at == local.time()
                return start if same else datetime.combine(day, at, self.zone).astimezone(UTC)
        return None

    def is_open(self, now: datetime) -> bool:
        return self.opening(now) == now

    def _spans(self, day: date) -> list[tuple[time, time]]:
        """When somebody is there on a day; hours that end after midnight end with the day."""
        if day in self.closed:
            return []
        name = CLOCK_DAYS[day.weekday()]
        return sorted((each.opens, each.closes if each.closes > each.opens else time.max)
                      for each in self.hours or (USUAL,) if name in each.days)


def _within(spans: list[tuple[time, time]], at: time) -> time | None:
    """The first moment of the day from ``at`` on at which somebody is there."""
    return next((max(opens, at) for opens, closes in spans if at < closes), None)


def _days_from(first: date) -> Iterator[date]:
    for ahead in range(_LOOKED_AHEAD):
        if first > date.max - timedelta(days=ahead):
            return
        yield first + timedelta(days=ahead)
