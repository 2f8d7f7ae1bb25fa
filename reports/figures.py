"""Numbers and times as people read them. Every function is pure and knows no locale: same in, same out."""
from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tasks.model.finding import Quantity

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)


def bytes_text(size_bytes: int) -> str:
    """Decimal units, as disks are sold and as findings are written: 9.1 GB."""
    return str(Quantity(value=size_bytes, unit="bytes"))


def count_text(count: int) -> str:
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def short_count(count: int) -> str:
    """1,234 · 48 thousand · 3.2 million."""
    if abs(count) < 10_000:
        return f"{count:,}"
    if abs(count) < 999_500:
        return f"{count / 1000:.0f} thousand"
    if abs(count) < 999_950_000:
        return f"{count / 1e6:.1f} million"
    return f"{count / 1e9:.1f} billion"


def duration_text(elapsed_s: float) -> str:
    """0.4 s · 48 s · 12 min · 1 h 20 min · 2 d 3 h, rounded to what matters at that length."""
    if elapsed_s < 9.95:
        return f"{elapsed_s:.1f} s" if elapsed_s % 1 >= 0.05 else f"{elapsed_s:.0f} s"
    if elapsed_s < 99.5:
        return f"{elapsed_s:.0f} s"
    minutes = round(elapsed_s / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(elapsed_s / 3600), 24)
    return f"{days:,} d {hours} h" if hours else f"{days:,} d"


def days_text(days: float) -> str:
    """12 days · 5 months · 2.5 years: as exact as a forecast is."""
    if days < 60:
        return plural(round(days), "day")
    return f"{days / 30.44:.0f} months" if days < 730 else f"{days / 365.25:.1f} years"


def duration_range(low_s: float, high_s: float) -> str:
    """15 to 31 min; the unit once where both have the same."""
    low, high = duration_text(low_s), duration_text(high_s)
    if low == high:
        return low
    if low.count(" ") == high.count(" ") == 1 and low.rpartition(" ")[2] == high.rpartition(" ")[2]:
        low = low.partition(" ")[0]
    return f"{low} to {high}"


def percent_text(fraction: float) -> str:
    """Whole per cent, but never 100 % of what is not all and never 0 % of what is something."""
    if 0 < fraction < 0.005:
        return "< 1 %"
    if 0.995 <= fraction < 1:
        return "> 99 %"
    return f"{fraction * 100:.0f} %"


def quantity_text(value: float | None, unit: str | None) -> str:
    if value is None:
        return ""
    if unit == "s" and value >= 0:
        return duration_text(value)
    whole = int(value) if abs(value) < 2**53 and float(value).is_integer() else value
    return str(Quantity(value=whole, unit=unit or "")).strip()


def exact_text(value: float | None, unit: str | None) -> str:
    """The same number in full, for a title: 9,123,456,789 bytes."""
    if value is None:
        return ""
    whole = int(value) if abs(value) < 2**53 and float(value).is_integer() else value
    return f"{whole:,} {unit or ''}".strip()


def date_text(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def moment_text(moment: datetime, zone: str) -> str:
    """14 March 2026, 02:00 CET (UTC+01:00): a time that nobody can read in the wrong zone."""
    local = moment.astimezone(ZoneInfo(zone))
    offset = local.utcoffset() or timedelta()
    minutes = int(abs(offset).total_seconds()) // 60
    sign = "-" if offset < timedelta() else "+"
    name = local.tzname() or ""
    shown = f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}" if minutes else "UTC"
    zone_text = shown if name in ("", "UTC") or not name.isalpha() else f"{name} ({shown})"
    return f"{date_text(local.date())}, {local:%H:%M} {zone_text}"


def call_time_text(moment: datetime) -> str:
    """A call's time, which the database writes without a zone."""
    return f"{date_text(moment.date())}, {moment:%H:%M}"
