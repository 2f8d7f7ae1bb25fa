from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.analysis.frames import (
    FINDING_COLUMNS,
    SYSTEM_COLUMNS,
    FindingRow,
    SystemRow,
    findings_frame,
    join_findings,
    join_systems,
    systems_frame,
)


def system(system_id: str, **known: object) -> SystemRow:
    return SystemRow(
        id=system_id, client="Acme", environment="standalone", edition="business", country="GB",
        timezone="Europe/London", engineer=None, tags="", profile="pbxware", source_release=None,
        target_release="8.2.0", verdict="ready", contact_state="reached", contact_detail="", **known,  # type: ignore[arg-type]
    )


def finding(system_id: str, check_id: str = "space", **known: object) -> FindingRow:
    return FindingRow(system_id, check_id, 1, "/", "fail", "high", True, "full", **known)  # type: ignore[arg-type]


FULL = system(
    "a", asterisk_major=16, cdr_rows=3, cdr_bytes=4, cdr_first=datetime(1, 1, 1), cdr_last=datetime(2026, 3, 1),
    calls_per_day=1.5, calls_by_hour=(0.5,) * 168, mount_used_fraction=0.5,
)


@pytest.mark.parametrize("rows", [[], [system("a")], [FULL], [FULL, system("b")]])
def test_the_types_of_the_columns_do_not_hang_on_what_a_sweep_found(rows: list[SystemRow]) -> None:
    frame = systems_frame(rows)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == SYSTEM_COLUMNS
    assert list(frame.columns) == [field.name for field in fields(SystemRow)]


@pytest.mark.parametrize("rows", [[], [finding("a")], [finding("a", waiver_expires_on=date(2026, 1, 1))]])
def test_the_findings_columns_are_as_fixed(rows: list[FindingRow]) -> None:
    assert {name: str(dtype) for name, dtype in findings_frame(rows).dtypes.items()} == FINDING_COLUMNS


def test_what_is_not_known_is_missing_and_never_zero() -> None:
    frame = systems_frame([system("a"), system("b", cdr_rows=0)])
    assert frame["cdr_rows"].isna().tolist() == [True, False]
    assert frame["cdr_rows"].iloc[1] == 0


def test_counts_beyond_what_a_float_holds_stay_exact() -> None:
    assert systems_frame([system("a", cdr_bytes=2**53 + 1), system("b")])["cdr_bytes"].iloc[0] == 2**53 + 1


@settings(deadline=None, max_examples=30)
@given(st.permutations([f"pbx-{number}" for number in range(12)]), st.integers(1, 12))
def test_however_a_fleet_is_cut_into_shards_the_frames_are_the_same(ids: list[str], size: int) -> None:
    systems = [system(one, cdr_rows=len(one)) for one in ids]
    findings = [finding(one, check) for one in ids for check in ("space", "cdr")]
    cut = range(0, len(ids), size)
    joined = join_systems(systems_frame(systems[start : start + size]) for start in cut)
    pd.testing.assert_frame_equal(joined, systems_frame(sorted(systems, key=lambda row: row.id)))
    found = join_findings(findings_frame(findings[2 * start : 2 * (start + size)]) for start in cut)
    whole = findings_frame(sorted(findings, key=lambda row: (row.system_id, row.check_id)))
    pd.testing.assert_frame_equal(found, whole)


def test_a_sweep_of_no_shards_still_has_its_columns() -> None:
    pd.testing.assert_frame_equal(join_systems([]), systems_frame([]))
    pd.testing.assert_frame_equal(join_findings([]), findings_frame([]))
