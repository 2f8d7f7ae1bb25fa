"""Times as people give them: on the client's clock, as ``2026-12-01 22:00``, and durations as ``90m`` or ``1h30m``."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, available_timezones

from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.window import NoSuchTime, Window

_DURATION = re.compile(r"(?:(?P<hours>\d{1,3})\s*h)?\s*(?:(?P<minutes>\d{1,4})\s*m(?:in)?)?")
_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")


class Which(StrEnum):
    """Of two equal local times, on the night that summer time ends."""

    FIRST = "first"
    SECOND = "second"

    @property
    def fold(self) -> int:
        return 0 if self is Which.FIRST else 1


def duration_s(text: str) -> float:
    """Seconds of ``90m``, ``2h`` or ``1h30m``. Raises UserError."""
    found = _DURATION.fullmatch(text.strip())
    seconds = int(found["hours"] or 0) * 3600 + int(found["minutes"] or 0) * 60 if found else 0
    if not seconds:
        raise UserError("bad_duration", f"{text!r} is no duration", "write it like 90m, 2h or 1h30m")
    return float(seconds)


def wall_clock(text: str) -> datetime:
    """A naive local time. Raises UserError."""
    for form in _FORMATS:
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007  (naive: the zone is the client's)
        except ValueError:
            continue
    raise UserError("bad_time", f"{text!r} is no local time",
                    'write it like "2026-12-01 22:00", on the client\'s clock')


def window_at(
    case: Case, local: str, zone: str, *, duration: str, which: Which | None = None
) -> Window:
    """The window that begins at a time on the client's clock. Raises UserError: a time that the clocks skip, or pass
    twice without it being said which is meant, or a window that is shorter than the upgrade needs."""
    at, length, needs_s = wall_clock(local), duration_s(duration), case.needed().total_seconds()
    try:
        return Window.at_local(at, zone, duration_s=length, needs_s=needs_s, fold=which.fold if which else None)
    except NoSuchTime as error:
        message, _, remedy = str(error).partition("; ")
        if _comes_twice(at, zone):
            first, second = (at.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
            remedy = f"say --which first ({first:%H:%M} UTC) or --which second ({second:%H:%M} UTC)"
        raise UserError("no_such_time", message, remedy) from None
    except ValueError as error:
        message, _, remedy = str(error).partition("; ")
        raise UserError("bad_window", message, remedy) from None


def moment_at(text: str, zone_of: Callable[[], str], which: Which | None = None) -> datetime:
    """An instant in UTC: of a time with its own offset (``2026-12-01T22:00Z``), else of one on the client's clock.

    ``zone_of`` is asked only for the latter. Raises UserError.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        given = wall_clock(text)
    if given.tzinfo is not None:
        return given.astimezone(UTC)
    zone, fold = zone_of(), which.fold if which else None
    try:
        return Window.at_local(given, zone, duration_s=60, needs_s=0, fold=fold).starts_at
    except NoSuchTime as error:
        message, _, remedy = str(error).partition("; ")
        twice = "give the time with its offset, like 2026-12-01T22:00+01:00"
        raise UserError("no_such_time", message, twice if _comes_twice(given, zone) else remedy) from None


def known_zone(name: str) -> str:
    if name not in available_timezones():
        raise UserError("bad_zone", f"there is no time zone {name!r}", "write an IANA name like Europe/London")
    return name


def both_clocks(moment: datetime, zone: str | None) -> str:
    """``Tue 2026-12-01 22:00 Europe/London (22:00 UTC)``; the UTC day is shown where it is another."""
    in_utc = moment.astimezone(UTC)
    if zone is None or zone == "UTC":
        return f"{in_utc:%a %Y-%m-%d %H:%M} UTC"
    local = moment.astimezone(ZoneInfo(zone))
    same_day = local.date() == in_utc.date()
    return f"{local:%a %Y-%m-%d %H:%M} {zone} ({in_utc:{'%H:%M' if same_day else '%a %Y-%m-%d %H:%M'}} UTC)"


def _comes_twice(local: datetime, zone: str) -> bool:
    try:
        Window.at_local(local, zone, duration_s=60, needs_s=0, fold=0)
    except NoSuchTime:
        return False
    return True
