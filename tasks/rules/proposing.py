"""Which nights are proposed to a client: those in which, by the client's own calls, hardly anybody telephones.

A night qualifies where at most a hundredth of its day's calls begin within it, the phones' business hours and closed
days are left alone, the engineer is on shift, and nothing else happens on the system or its host. Everything is
compared as instants in UTC and counted on the client's clock; a start that the clocks skip or pass twice is left out.
"""
from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from tasks.model.fleet import CLOCK_DAYS, Hours
from tasks.model.window import NoSuchTime, Window

QUIET_SHARE = 0.01              # of a day's calls
STEP = timedelta(minutes=30)    # between two starts that are considered
_SLICE = timedelta(minutes=15)  # offsets of zones are multiples of it
_HALF_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Span:
    """From one instant to another (aware), and what it is: another case on the host, a job, a shift."""

    starts_at: datetime
    ends_at: datetime
    what: str = ""

    def meets(self, window: Window) -> bool:
        return self.starts_at < window.ends_at and window.starts_at < self.ends_at

    def holds(self, window: Window) -> bool:
        return self.starts_at <= window.starts_at and window.ends_at <= self.ends_at


@dataclass(frozen=True)
class Wanted:
    """What a window has to hold. ``week``: mean calls an hour by weekday and hour in ``zone`` (``week_in_zone``).

    ``length_s`` is the whole window, ``needs_s`` the upgrade's slow end alone. ``shifts`` None: nobody told any.
    """

    zone: str
    week: pd.DataFrame
    length_s: float
    needs_s: float
    after: datetime
    until: datetime
    business_hours: tuple[Hours, ...] = ()
    closed: Mapping[date, str] = field(default_factory=dict)
    busy: tuple[Span, ...] = ()
    shifts: tuple[Span, ...] | None = None
    weeks: float = 8.0              # that were counted


@dataclass(frozen=True, slots=True)
class Offer:
    """``at_most_calls`` is exceeded in one night of twenty; ``share``: of the calls of the day that it falls on, of the
    two the one with fewer where it passes midnight."""

    window: Window
    expected_calls: float
    at_most_calls: int
    share: float


@dataclass(frozen=True)
class Proposal:
    """The offers in the order of time. ``refused`` counts why other starts are none, for who wonders."""

    offers: tuple[Offer, ...]
    refused: Counter[str]

    @property
    def why_none(self) -> str:
        """What stood most in the way, in one sentence's words."""
        if not self.refused:
            return "there is no start within the time that was looked at"
        reason, count = self.refused.most_common(1)[0]
        return f"of {self.refused.total()} possible starts {count} fall away because {reason}"


def propose(wanted: Wanted, count: int = 3) -> Proposal:
    """The quietest nights, no two on one night; equally quiet ones with quieter hours around them first, then sooner.

    Raises ValueError where ``needs_s`` does not fit into ``length_s``.
    """
    if wanted.needs_s > wanted.length_s:
        raise ValueError("the upgrade does not fit into the window")
    calls, refused = _Calls(wanted), Counter[str]()
    ranked: list[tuple[tuple[float, float, datetime], Offer]] = []
    for window in _starts(wanted, refused):
        reason = _in_the_way(wanted, window)
        if reason is None:
            offer = calls.offer(window)
            if offer.share <= QUIET_SHARE:
                around = calls.expected(window.starts_at - 2 * STEP, window.ends_at + 2 * STEP)
                ranked.append(((round(offer.expected_calls, 3), round(around, 3), window.starts_at), offer))
                continue
            reason = "more than a hundredth of a day's calls begin within it"
        refused[reason] += 1
    chosen: dict[date, Offer] = {}
    for _, offer in sorted(ranked, key=lambda each: each[0]):
        chosen.setdefault(night_of(offer.window), offer)
        if len(chosen) == count:
            break
    return Proposal(tuple(sorted(chosen.values(), key=lambda offer: offer.window.starts_at)), refused)


def night_of(window: Window) -> date:
    """The date on which the night of a window began: half past midnight is of the night before."""
    return (window.local_start - _HALF_DAY).date()


class _Calls:
    """Expected calls between two instants, by the hours of the client's clock."""

    def __init__(self, wanted: Wanted) -> None:
        self._zone, self._weeks = ZoneInfo(wanted.zone), wanted.weeks
        self._week = wanted.week.to_numpy(dtype=float)
        self._days = [float(day) for day in self._week.sum(axis=1)]

    def by_day(self, starts_at: datetime, ends_at: datetime) -> dict[date, float]:
        found: dict[date, float] = defaultdict(float)
        at = starts_at
        while at < ends_at:
            following = min(at + _SLICE, ends_at)
            local = at.astimezone(self._zone)
            calls_an_hour = float(self._week[local.weekday(), local.hour])
            found[local.date()] += calls_an_hour * (following - at).total_seconds() / 3600
            at = following
        return found

    def expected(self, starts_at: datetime, ends_at: datetime) -> float:
        return sum(self.by_day(starts_at, ends_at).values())

    def offer(self, window: Window) -> Offer:
        by_day = self.by_day(window.starts_at, window.ends_at)
        expected = sum(by_day.values())
        least = min((self._days[day.weekday()] for day, calls in by_day.items() if calls), default=1.0)
        return Offer(window, round(expected, 3), _at_most(expected, self._weeks), expected / least)


def _at_most(expected: float, weeks: float) -> int:
    """As in ``tasks.analysis.quiet_hours``: the chance of the night itself, and of the mean counted too low."""
    if expected <= 0:
        return math.ceil(3 / weeks)
    return math.ceil(expected + 1.645 * math.sqrt(expected + expected / weeks))


def _starts(wanted: Wanted, refused: Counter[str]) -> Iterator[Window]:
    """A window for each half hour on the client's clock that exists once."""
    zone = ZoneInfo(wanted.zone)
    local = wanted.after.astimezone(zone).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    last = wanted.until.astimezone(zone).replace(tzinfo=None)
    while local <= last:
        try:
            window = Window.at_local(local, wanted.zone, duration_s=wanted.length_s, needs_s=wanted.needs_s)
        except NoSuchTime:
            refused["the clocks change at that hour"] += 1
        else:
            if wanted.after <= window.starts_at and window.ends_at <= wanted.until:
                yield window
        local += STEP


def _in_the_way(wanted: Wanted, window: Window) -> str | None:
    zone = ZoneInfo(wanted.zone)
    at = window.starts_at
    while at < window.ends_at:
        local = at.astimezone(zone)
        if local.date() in wanted.closed:
            return f"of {wanted.closed[local.date()]}"
        if any(_opens(hours, local) for hours in wanted.business_hours):
            return "they lie in the business hours"
        at += _SLICE
    if wanted.shifts is not None and not any(shift.holds(window) for shift in wanted.shifts):
        return "the engineer is not on shift"
    return next((f"of {span.what}" for span in wanted.busy if span.meets(window)), None)


def _opens(hours: Hours, local: datetime) -> bool:
    """Whether it is open at a wall-clock time; hours that end before they begin go on after midnight."""
    today, yesterday = CLOCK_DAYS[local.weekday()], CLOCK_DAYS[local.weekday() - 1]
    at = local.time().replace(tzinfo=None)
    if hours.opens < hours.closes:
        return today in hours.days and hours.opens <= at < hours.closes
    return (today in hours.days and at >= hours.opens) or (yesterday in hours.days and at < hours.closes)
