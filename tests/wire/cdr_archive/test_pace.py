"""The size of the statements, the cutoff, and what is measured before anybody agrees."""
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.model.profile_archive import CdrArchive
from tasks.wire.cdr_archive.measuring import as_written, cutoff_of, measured
from tasks.wire.cdr_archive.pace import LEAST_ROWS, Pace
from tasks.wire.cdr_archive.statements import name
from tests.wire.cdr_archive.conftest import SETTINGS, Calls

SEEN = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 20_000)), max_size=60)


@given(seen=SEEN)
def test_a_statement_never_has_more_rows_than_may_be_nor_none(seen: list[tuple[float, int]]) -> None:
    pace = Pace.of(CdrArchive())
    for elapsed_s, rows in seen:
        before = pace.rows
        pace.took(elapsed_s, rows)
        assert LEAST_ROWS <= pace.rows <= 20_000 and pace.rows <= before * 1.5
        assert pace.rows <= before or elapsed_s < pace.aim_s
    pace.too_slow()
    assert pace.rows >= LEAST_ROWS and pace.rest_s(0.0) > 0


@pytest.mark.parametrize("row_s", [1e-6, 2e-5, 1e-3])
def test_the_size_settles_where_a_statement_takes_what_it_should(row_s: float) -> None:
    pace = Pace.of(CdrArchive())
    for _ in range(40):
        pace.took(pace.rows * row_s, pace.rows)
    assert pace.rows * row_s == pytest.approx(0.12, rel=0.6) or pace.rows == 20_000


@pytest.mark.parametrize(("now", "zone", "months", "cutoff"), [
    ("2026-11-23T22:00:00", "UTC", 12, "2025-11-01 00:00:00"),
    ("2026-11-30T23:30:00", "Europe/Sarajevo", 12, "2025-12-01 00:00:00"),      # December has begun there
    ("2026-01-01T03:00:00", "America/New_York", 1, "2025-11-01 00:00:00"),      # and here not
    ("2026-03-31T12:00:00", "UTC", 1, "2026-02-01 00:00:00"),
    ("2026-01-15T12:00:00", "UTC", 13, "2024-12-01 00:00:00"),
])
def test_whole_months_stay_on_the_systems_own_calendar(now: str, zone: str, months: int, cutoff: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert as_written(cutoff_of(moment, ZoneInfo(zone), months)) == cutoff


@pytest.mark.parametrize(("wrong", "why"), [
    ({"aim_s": 0.5, "limit_s": 0.2}, "aim_s is above limit_s"),
    ({"first_rows": 500, "most_rows": 100}, "first_rows is above most_rows"),
    ({"limit_s": 1.0}, "less than or equal to 0.9"),
    ({"keep_months": 0}, "greater than or equal to 1"),
    ({"table_prefix": "x; DROP"}, "pattern"),
])
def test_a_profile_that_would_keep_calls_waiting_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        CdrArchive.model_validate(wrong)


def test_a_column_of_any_name_is_quoted_for_the_server_and_the_driver() -> None:
    assert name("a`b %s") == "`a``b %%s`"


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM"])
async def test_old_rows_are_found_by_probing_whatever_gaps_the_keys_have(calls: Calls, engine: str) -> None:
    calls.run(
        f"CREATE TABLE cdr (AcctId INT NOT NULL AUTO_INCREMENT PRIMARY KEY, calldate DATETIME) ENGINE={engine}",
        "INSERT INTO cdr SELECT seq * 3 + IF(seq > 700, 5000, 0), '2025-12-25' + INTERVAL seq HOUR FROM seq_1_to_1000",
        "ANALYZE TABLE cdr",
    )
    async with calls.running() as run:
        amount = await measured(run.db, run.layout, "2025-12-26 10:00:00")     # 33 of the thousand
        nothing = await measured(run.db, run.layout, "2020-01-01 00:00:00")
        everything = await measured(run.db, run.layout, "2030-01-01 00:00:00")
    assert 0 < amount.old_rows <= 66 and amount.archive_bytes > 0
    assert amount.old_rows + amount.kept_rows == amount.table.rows
    assert (nothing.old_rows, nothing.archive_bytes) == (0, 0)
    assert everything.kept_rows <= 2


async def test_of_an_empty_table_there_is_nothing_to_archive(calls: Calls) -> None:
    calls.run("CREATE TABLE cdr (AcctId INT NOT NULL AUTO_INCREMENT PRIMARY KEY, calldate DATETIME)")
    async with calls.running() as run:
        assert (await measured(run.db, run.layout, "2026-01-01 00:00:00")).old_rows == 0


async def test_rows_of_myisam_wait_for_a_log_that_is_written_once_a_second(calls: Calls) -> None:
    seen = {}
    for engine in ("InnoDB", "MyISAM"):
        for at_commit in (0, 1, 2):
            calls.run(f"SET GLOBAL innodb_flush_log_at_trx_commit = {at_commit}", "DROP TABLE IF EXISTS cdr",
                      "CREATE TABLE cdr (AcctId INT NOT NULL AUTO_INCREMENT PRIMARY KEY, calldate DATETIME) "
                      f"ENGINE={engine}")
            async with calls.running(settings=SETTINGS) as run:
                seen[engine, at_commit] = run.settle_s
    assert seen == {("InnoDB", 0): 0, ("InnoDB", 1): 0, ("InnoDB", 2): 0,
                    ("MyISAM", 0): 1.3, ("MyISAM", 1): 0, ("MyISAM", 2): 1.3}
