"""How much there is to archive, told without reading the table: sizes as the server notes them, dates by probing.

Calls get their keys in the order of their ends, so the day of the cutoff is found by halving the range of keys, some
thirty rows in all. That needs no index on the date, and no question that a busy table would feel. It is an estimate:
InnoDB notes its rows only roughly, and keys may have gaps.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tasks.model.facts import Table
from tasks.wire.cdr_archive.asking import Asks
from tasks.wire.cdr_archive.layout import DATE, Layout
from tasks.wire.cdr_archive.statements import Statements, name

PROBE_S = 5.0
_SIZES = (
    "SELECT TABLE_ROWS, DATA_LENGTH, INDEX_LENGTH, DATA_FREE FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """``old_rows`` of the table's rows lie before the cutoff; in the archive they take ``archive_bytes``."""

    table: Table
    old_rows: int
    archive_bytes: int

    @property
    def kept_rows(self) -> int:
        return self.table.rows - self.old_rows


def cutoff_of(now: datetime, zone: ZoneInfo, keep_months: int) -> datetime:
    """The first day of a month: this month and ``keep_months`` before it stay. Aware, in the system's zone."""
    here = now.astimezone(zone)
    months = here.year * 12 + here.month - 1 - keep_months
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=zone)


def as_written(cutoff: datetime) -> str:
    """As PBXware writes calldate: the system's own clock, no zone."""
    return f"{cutoff:%Y-%m-%d %H:%M:%S}"


async def measured(asks: Asks, layout: Layout, cutoff: str) -> Amount:
    """Raises what ``asks`` raises."""
    told = (await asks.rows(_SIZES, (layout.table,), limit_s=PROBE_S))[0]
    rows, data, index, free = (int(cell or 0) for cell in told)
    table = Table(layout.table, layout.engine, rows, data, index, free)
    first, last = (await asks.rows(Statements(layout).ends, limit_s=PROBE_S))[0]
    if last is None:
        return Amount(table, 0, 0)
    low, high = int(first), int(last)
    while low < high:               # the first key from which on calls are not old
        middle = (low + high) // 2
        found, date = await _at(asks, layout, middle)
        low, high = (found + 1, high) if date < cutoff else (low, middle)
    old = min(rows, round(rows * (low - int(first)) / (int(last) - int(first) + 1)))
    holes = 0 if layout.engine.lower() == "innodb" else min(free, data)
    return Amount(table, old, round((data - holes) * 1.1 * old / rows) if rows else 0)


async def _at(asks: Asks, layout: Layout, key: int) -> tuple[int, str]:
    found = await asks.rows(
        f"SELECT {name(layout.key)}, CAST({name(DATE)} AS CHAR(19)) FROM {name(layout.table)} "  # noqa: S608
        f"FORCE INDEX ({name(layout.index)}) WHERE {name(layout.key)} >= %s ORDER BY {name(layout.key)} LIMIT 1",
        (key,), limit_s=PROBE_S,
    )
    return int(found[0][0]), str(found[0][1] or "")
