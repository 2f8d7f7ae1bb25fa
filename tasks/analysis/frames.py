"""The two tables of a sweep: one row a system, one row a finding, with columns and types that never change by content.

Frames are built a shard at a time and joined, so that a sweep of 10,000 systems never holds all its facts at once.
An empty frame has the same columns and types as a full one. Times of calls are naive, in the clock of the system's
database; bytes, rows and seconds are plain numbers with the unit in the column's name; what is not known is NA.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from operator import attrgetter

import pandas as pd

HOURS_IN_WEEK = 7 * 24


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One system as the reports see it.

    ``mount_*`` is the tightest file system (highest used fraction), ``disk_*`` the one on which the upgrade needs room
    and is shortest of it. ``calls_by_hour`` has 168 counts, Monday 00 h first, of ``calls_days`` days; empty where not
    known. ``high`` to ``low`` count failed findings that are not waived, ``info`` notices, ``unknown`` what could not
    be told.
    """

    id: str
    client: str
    environment: str
    edition: str
    country: str
    timezone: str
    engineer: str | None
    tags: str                               # sorted, separated by spaces
    profile: str
    source_release: str | None
    target_release: str | None
    verdict: str
    contact_state: str
    contact_detail: str
    asterisk_major: int | None = None
    asterisk_version: str | None = None
    sip_drivers: str | None = None          # sorted, separated by spaces
    database_server: str | None = None
    cdr_rows: int | None = None
    cdr_bytes: int | None = None            # data and indexes
    cdr_engine: str | None = None
    cdr_first: datetime | None = None
    cdr_last: datetime | None = None
    cdr_bytes_per_day: float | None = None  # by the calls of the last weeks, else the mean since the first call
    quiet_hours: str | None = None          # the quietest stretch of the week, in the system's own zone
    calls_per_day: float | None = None
    calls_by_hour: tuple[float, ...] = ()
    mount_path: str | None = None
    mount_used_fraction: float | None = None
    mount_free_bytes: int | None = None
    disk_path: str | None = None
    disk_size_bytes: int | None = None      # used and free together
    disk_free_bytes: int | None = None
    disk_need_bytes: int | None = None
    disk_full_days: float | None = None     # of the database's file system, by the calls alone; 3,650 at most
    downtime_low_s: float | None = None
    downtime_expected_s: float | None = None
    downtime_high_s: float | None = None
    high: int = 0
    medium: int = 0
    low: int = 0
    info: int = 0
    unknown: int = 0
    waived: int = 0
    top_reason: str = ""
    remarks: str = ""                       # waivers that did not count, one a line


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding, flat. ``remediations`` is the contract's list as JSON text; ``waiver_*`` is NA where none counts."""

    system_id: str
    check_id: str
    check_version: int
    subject: str
    outcome: str
    severity: str
    blocking: bool
    summary: str
    client_text: str = ""
    measured_value: float | None = None
    measured_unit: str | None = None
    threshold_value: float | None = None
    threshold_unit: str | None = None
    remediations: str = "[]"
    waiver_owner: str | None = None
    waiver_reason: str | None = None
    waiver_expires_on: date | None = None
    waiver_source: str | None = None


_DTYPES = {
    "str": "string",
    "str | None": "string",
    "int": "Int64",
    "int | None": "Int64",
    "float | None": "Float64",
    "bool": "boolean",
    "datetime | None": "datetime64[us]",
    "date | None": "object",
    "tuple[float, ...]": "object",
}
SYSTEM_COLUMNS = {field.name: _DTYPES[str(field.type)] for field in fields(SystemRow)}
FINDING_COLUMNS = {field.name: _DTYPES[str(field.type)] for field in fields(FindingRow)}
_FINDING_ORDER = ["system_id", "check_id", "subject", "outcome", "summary"]


def systems_frame(rows: Iterable[SystemRow]) -> pd.DataFrame:
    """One row a system with the columns of SystemRow, in the order of the ids."""
    return _ordered(_frame(map(attrgetter(*SYSTEM_COLUMNS), rows), SYSTEM_COLUMNS), ["id"])


def findings_frame(rows: Iterable[FindingRow]) -> pd.DataFrame:
    """One row a finding with the columns of FindingRow, in the order of system, check and subject."""
    return _ordered(_frame(map(attrgetter(*FINDING_COLUMNS), rows), FINDING_COLUMNS), _FINDING_ORDER)


def join_systems(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The shards' systems as one frame: the same, however the fleet was cut into shards."""
    return _ordered(pd.concat([systems_frame([]), *frames], ignore_index=True), ["id"])


def join_findings(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The shards' findings as one frame: the same, however the fleet was cut into shards."""
    return _ordered(pd.concat([findings_frame([]), *frames], ignore_index=True), _FINDING_ORDER)


def _frame(rows: Iterable[tuple[object, ...]], columns: dict[str, str]) -> pd.DataFrame:
    by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pd.DataFrame(
        {
            name: pd.Series(list(cells), dtype=dtype)
            for (name, dtype), cells in zip(columns.items(), by_column, strict=True)
        }
    )


def _ordered(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return frame.sort_values(by, kind="stable", ignore_index=True)
