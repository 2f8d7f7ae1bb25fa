from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import pytest

from reports.rows import finding_rows, system_row
from tasks.analysis.frames import SystemRow
from tasks.model.answer import Contact, ContactState
from tasks.model.facts import CdrRhythm, DatabaseServer, Mount, Mounts, Platform, Table, Tables
from tasks.model.finding import Finding, Kind, Outcome, Quantity, Remediation, Severity, Verdict, Waiver
from tasks.model.judged import Judged
from tasks.model.profile import Profile
from tasks.model.release import Release

PROFILE = Profile(name="pbxware")
GB = 1_000_000_000
Judge = Callable[..., Judged]


def found(check: str, severity: Severity = Severity.HIGH, **changes: object) -> Finding:
    given = {"check_id": check, "check_version": 1, "subject": "", "outcome": Outcome.FAIL, "severity": severity,
             "blocking": True, "summary": f"{check} stands in the way"}
    return Finding.model_validate(given | changes)


def server(offset_h: int) -> DatabaseServer:
    return DatabaseServer("10.11", "/var/lib/mysql", timedelta(hours=offset_h), datetime(2026, 1, 14, 1, tzinfo=UTC))


def test_a_system_that_was_not_reached_has_its_reason_and_no_figure(judged_of: Judge) -> None:
    contact = Contact(state=ContactState.TIMED_OUT, detail="No answer on port 2020 within 10 s")
    row = system_row(judged_of(contact=contact, verdict=Verdict.UNREACHABLE), PROFILE, Release.parse("8.2"))
    assert row.top_reason == "No answer on port 2020 within 10 s"
    assert row.target_release == "8.2.0"
    figures = [field.name for field in fields(SystemRow) if field.name.startswith(("cdr", "disk", "mount", "downtime"))]
    assert {getattr(row, name) for name in figures} == {None}


def test_the_disk_that_counts_is_the_one_shortest_of_room_not_the_fullest(judged_of: Judge) -> None:
    mounts = Mounts((
        Mount("/", "vda1", 50 * GB, 25 * GB, 25 * GB, None, None),
        Mount("/boot", "vda2", GB, 900_000_000, 100_000_000, None, None),
        Mount("/opt/pbxware", "vdb", 10 * GB, 7 * GB, 3 * GB, None, None),
    ))
    tables = Tables("pbxware", (Table("cdr", "InnoDB", 10, GB, 0, 0),))
    row = system_row(judged_of({Mounts: mounts, Tables: tables}), PROFILE)
    assert (row.mount_path, row.mount_used_fraction) == ("/boot", 0.9)
    assert row.disk_path == "/opt/pbxware"
    assert row.disk_free_bytes == 3 * GB
    assert row.disk_need_bytes == 3 * GB + 1_100_000_000 + 500_000_000     # release, rebuilt table, reserve


def test_the_table_of_calls_is_the_one_that_the_profile_names(judged_of: Judge) -> None:
    tables = Tables("pbxware", (Table("cdr", "InnoDB", 1, 1, 0, 0), Table("calls", "MyISAM", 9, 5, 2, 0)))
    profile = Profile.model_validate({"name": "other", "database": {"cdr_table": "calls"}})
    row = system_row(judged_of({Tables: tables}), profile)
    assert (row.cdr_rows, row.cdr_bytes, row.cdr_engine) == (9, 7, "MyISAM")
    assert row.downtime_low_s < row.downtime_expected_s < row.downtime_high_s  # type: ignore[operator]


def test_calls_are_told_in_the_systems_own_zone(judged_of: Judge) -> None:
    monday_noon_utc = tuple(tuple(560 if (day, hour) == (0, 12) else 0 for hour in range(24)) for day in range(7))
    facts = {CdrRhythm: CdrRhythm(56, monday_noon_utc), DatabaseServer: server(0)}
    row = system_row(judged_of(facts, timezone="America/New_York"), PROFILE)
    assert row.calls_by_hour[7] == 70                       # noon UTC is 07:00 in New York in January; 8 weeks
    assert sum(row.calls_by_hour) == 70
    assert row.calls_per_day == 10


def test_the_top_reason_is_what_blocks_then_what_is_known_then_what_is_severe(judged_of: Judge) -> None:
    waived = found("waived", waiver=Waiver(check_id="waived", owner="amra", reason="ours", expires_on=date(2027, 1, 1)))
    unknown = found("unknown", outcome=Outcome.UNKNOWN)
    minor, medium = found("minor", Severity.LOW, blocking=False), found("medium", Severity.MEDIUM)
    row = system_row(judged_of(findings=(waived, minor, unknown, medium)), PROFILE)
    assert row.top_reason == "medium stands in the way"
    assert (row.high, row.medium, row.low, row.unknown, row.waived) == (0, 1, 1, 1, 1)


def test_every_field_of_a_finding_is_in_its_row(judged_of: Judge) -> None:
    step = Remediation(id="free", kind=Kind.CLIENT, text="Free space", reversible=False, downtime_s=60)
    waiver = Waiver(check_id="space", owner="amra", reason="known", expires_on=date(2026, 12, 31))
    one = found("space", subject="/", client_text="Too full", measured=Quantity(value=1, unit="bytes"),
                threshold=Quantity(value=2.5, unit="GB"), remediations=(step,), waiver=waiver)
    (row,) = finding_rows(judged_of(findings=(one,)))
    assert (row.system_id, row.check_id, row.subject, row.outcome, row.severity) == (
        "pbx-00000", "space", "/", "fail", "high")
    assert (row.measured_value, row.measured_unit, row.threshold_value, row.threshold_unit) == (1.0, "bytes", 2.5, "GB")
    assert json.loads(row.remediations) == [step.model_dump(mode="json")]
    assert (row.waiver_owner, row.waiver_expires_on, row.waiver_source) == ("amra", date(2026, 12, 31), "standing")


@pytest.mark.parametrize("absurd", [10**30, -5])
def test_an_absurd_answer_costs_only_its_own_cell(judged_of: Judge, absurd: int) -> None:
    tables = Tables("pbxware", (Table("cdr", "InnoDB", absurd, 1, 0, 0),))
    row = system_row(judged_of({Tables: tables, Platform: Platform(Release.parse("7.2"), None)}), PROFILE)
    assert row.cdr_rows is None
    assert (row.cdr_bytes, row.source_release) == (1, "7.2.0")


def test_remarks_on_waivers_that_did_not_count_are_kept(judged_of: Judge) -> None:
    assert system_row(judged_of(remarks=("expired", "unknown check")), PROFILE).remarks == "expired\nunknown check"
