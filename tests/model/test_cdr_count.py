"""How many days of calls may be counted: as many as are asked for, as long as no system feels it."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tasks.model.cdr_count import countable_days
from tasks.model.fact import Declined, Known, Unknown
from tasks.model.facts import CdrColumns, CdrSpan, Table, Tables
from tasks.model.profile import Database, Profile
from tasks.model.profile_database import DatabaseHealth

LAST = datetime(2026, 11, 23)
PROFILE = Profile(
    name="lab", database=Database(scan_limit_rows=50_000), database_health=DatabaseHealth(count_limit_rows=2_000_000)
)


def asked(
    rows: int | None, *, days: int | None = 365, engine: str = "InnoDB", free: int = 0, indexed: bool = True,
    step: int = 1
) -> Any:
    index = ("AcctId", "calldate") if indexed else ("AcctId",)
    span = Unknown("cdr_span", "no") if days is None else CdrSpan(LAST - timedelta(days=days), LAST)
    tables: Any = Unknown("tables", "no") if rows is None else Tables(
        "pbxware", (Table("cdr", engine, rows, 1, 1, free),)
    )
    known = Known({CdrColumns: CdrColumns(("AcctId", "calldate"), index), CdrSpan: span, Tables: tables})
    told = countable_days(PROFILE, known, 90, step)
    return told.reason if isinstance(told, Declined) else told


@pytest.mark.parametrize(("rows", "other", "days"), [
    (5_000_000, {}, 90),                                # 13,699 a day
    (29_000_000, {}, 25),                               # a year seen in the field: 79,452 a day
    (29_000_000, {"step": 7}, 21),
    (1_900_000, {"days": 10}, 90),                      # all of it may be counted
    (5_000_000, {"engine": "MyISAM"}, 90),              # new calls are written at its end
    (5_000_000, {"engine": "MyISAM", "free": 800}, 3),  # new calls fill its holes, and wait
    (5_000_000, {"free": 800}, 90),                     # InnoDB locks rows
    (40_000, {"indexed": False}, 90),
])
def test_so_many_days_are_counted(rows: int, other: dict[str, Any], days: int) -> None:
    assert asked(rows, **other) == days


@pytest.mark.parametrize(("rows", "other", "reason"), [
    (50_001, {"indexed": False}, "50,001 rows and no index on calldate; up to 50,000 are scanned"),
    (None, {"indexed": False}, "an unknown number of rows and no index"),
    (None, {}, "how many a day is not known"),
    (5_000_000, {"days": None}, "how many a day is not known; up to 2,000,000 are counted"),
    (5_000_000, {"days": 2}, "about 2,500,000 rows a day"),
    (29_000_000, {"step": 28}, "about 79,452 rows a day"),
])
def test_or_none_with_the_reason(rows: int | None, other: dict[str, Any], reason: str) -> None:
    assert reason in asked(rows, **other)
