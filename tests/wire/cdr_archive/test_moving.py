"""Old calls moved to the archive and back on a real MariaDB: every byte the same, no row lost, none doubled."""
from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.model.errors import UserError
from tasks.wire.cdr_archive.archiving import Archived, archive
from tasks.wire.cdr_archive.restoring import drop, restore
from tasks.wire.fenced import Unclear
from tests.wire.cdr_archive.conftest import ARCHIVE, CUTOFF, Calls

ENGINES = ("InnoDB", "MyISAM", "Aria")
TABLE = (
    "CREATE OR REPLACE TABLE cdr (AcctId BIGINT NOT NULL AUTO_INCREMENT, tenant CHAR(3) NULL, "
    "clid VARCHAR(80) NOT NULL DEFAULT '', calldate DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', "
    "duration INT NOT NULL DEFAULT 0, billamount DECIMAL(10,4), PRIMARY KEY (AcctId){keys}) "
    "ENGINE={engine} DEFAULT CHARSET=utf8mb3"
)
FILL = (
    "INSERT INTO cdr (tenant, clid, calldate, duration, billamount) SELECT IF(seq MOD 3, '201', NULL), "
    "CONCAT('caller ', seq), '2025-12-25' + INTERVAL seq HOUR - INTERVAL (seq MOD 5) DAY, seq, seq / 7 "
    "FROM seq_1_to_{rows}"
)
EVERY = "SELECT * FROM cdr ORDER BY AcctId"


def made(calls: Calls, engine: str = "InnoDB", *, rows: int = 0, keys: str = "") -> None:
    calls.run("SET SESSION sql_mode = ''", TABLE.format(engine=engine, keys=keys))
    if rows:
        calls.run(FILL.format(rows=rows))


async def moved(calls: Calls, **how: Any) -> Archived:
    async with calls.running(**how) as run:
        return await archive(run, CUTOFF)


async def put_back(calls: Calls, digest: str | None = None, **how: Any) -> int:
    async with calls.running(**how) as run:
        restored = await restore(run, expected_digest=digest)
        await drop(run)
        return restored.rows


@pytest.mark.parametrize("keys", ["", ", KEY calldate (calldate)"], ids=["without an index", "with an index"])
@pytest.mark.parametrize("engine", ENGINES)
async def test_the_rows_before_the_cutoff_are_in_the_archive_and_nowhere_else(
    calls: Calls, engine: str, keys: str
) -> None:
    made(calls, engine, rows=300, keys=keys)
    before = calls.read(EVERY)
    old = tuple(row for row in before if str(row[3]) < CUTOFF)
    done = await moved(calls)
    assert calls.read(f"SELECT * FROM {ARCHIVE} ORDER BY AcctId") == old
    assert calls.read(EVERY) == tuple(row for row in before if row not in set(old))
    assert (done.rows, done.cutoff, done.changed) == (len(old), CUTOFF, 0)
    assert 0 < len(old) < len(before)


@pytest.mark.parametrize("engine", ENGINES)
async def test_undone_every_row_is_back_and_the_counter_is_where_it_was(calls: Calls, engine: str) -> None:
    made(calls, engine, rows=100)
    before, counter = calls.read(EVERY), next_number(calls)
    done = await moved(calls)
    calls.run("INSERT INTO cdr (clid, calldate) VALUES ('meanwhile', NOW())")
    assert await put_back(calls, done.digest) == done.rows
    assert calls.read(EVERY)[:-1] == before
    assert next_number(calls) == counter + 1
    assert calls.read("SHOW TABLES LIKE 'cdr\\_archive%'") == ()


def next_number(calls: Calls) -> int:
    return int(calls.read("SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'pbxware' "
                          "AND TABLE_NAME = 'cdr'")[0][0])


ODD = (
    "CREATE OR REPLACE TABLE cdr (AcctId INT UNSIGNED NOT NULL AUTO_INCREMENT, `a``b %s` VARCHAR(20) COLLATE "
    "utf8mb4_unicode_ci, clid VARCHAR(20) CHARSET latin1, raw VARBINARY(40), bits BIT(9), told BLOB, "
    "calldate DATETIME(6) NULL, seen TIMESTAMP NULL, f FLOAT, d DOUBLE, k ENUM('a','B'), s SET('x','y'), y YEAR, "
    "t TIME(3), on_day DATE, doc LONGTEXT CHARSET utf8mb4, twice INT AS (y * 2) STORED, UNIQUE KEY (AcctId), "
    "KEY (clid)) ENGINE={engine} DEFAULT CHARSET=utf8mb4"
)
ODD_ROWS = (
    "(1, 'Straße 😀', 'caf\\xe9', x'00ff27225c0a', b'101010101', x'00', '2024-02-29 23:59:59.999999', "
    "'2024-03-31 01:30:00', 1.1, 1e300, 'B', 'x,y', 1999, '-838:59:58.5', '0000-00-00', REPEAT('é', 5000))",
    "(3, NULL, NULL, NULL, NULL, NULL, '0000-00-00 00:00:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "(4, 'trailing ', 'Blank  ', '', b'0', '', '2020-00-00 00:00:00', '2020-01-01 00:00:00', -0.5, 0.1, '', '', 2000, "
    "'00:00:00', '2020-02-00', '')",
    "(7, 'no date', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "(4294967290, 'the last', '', '', b'1', '', '2019-01-01', NULL, 0, 0, 'a', '', 2000, '0:0', '2000-01-01', '')",
)
ODD_COLUMNS = "AcctId, `a``b %s`, clid, raw, bits, told, calldate, seen, f, d, k, s, y, t, on_day, doc"


@pytest.mark.parametrize("engine", ENGINES)
async def test_whatever_a_column_holds_comes_back_as_it_was(calls: Calls, engine: str) -> None:
    with calls.connected() as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'")
        cursor.execute(ODD.format(engine=engine))
        for row in ODD_ROWS:
            cursor.execute(f"INSERT INTO cdr ({ODD_COLUMNS}) VALUES {row}")
    every = "SELECT *, HEX(`a``b %s`), HEX(clid), HEX(raw), HEX(told), d + 0, f + 0e0, HEX(doc) FROM cdr ORDER BY 1"
    before, keys = calls.read(every), "SELECT AcctId FROM cdr ORDER BY 1"
    done = await moved(calls)
    assert done.rows == 3 and calls.read(keys) == ((7,), (4294967290,))     # no date at all, and the highest key
    assert calls.read(every.replace("FROM cdr", f"FROM {ARCHIVE}")) == before[:3]
    await put_back(calls, done.digest)
    assert calls.read(every) == before


async def test_a_call_that_comes_late_or_is_changed_meanwhile_stays(calls: Calls) -> None:
    made(calls, rows=100)

    async def meddle() -> None:
        calls.run("DELETE FROM cdr WHERE AcctId = 98",
                  "INSERT IGNORE INTO cdr (AcctId, clid, calldate) VALUES (5, 'late', '2020-01-01')")

    calls.run("DELETE FROM cdr WHERE AcctId = 5")
    with pytest.raises(Unclear):                                    # killed after the copy of the first batch
        await moved(calls, kill_at=committed(await statements(calls, "COMMIT")))
    await meddle()
    calls.run("UPDATE cdr SET clid = UPPER(clid) WHERE AcctId = 6")     # alike under the column's collation
    done = await moved(calls)
    left = calls.read("SELECT AcctId, clid FROM cdr WHERE AcctId < 10 ORDER BY AcctId")
    assert left == ((5, "late"), (6, "CALLER 6"))
    assert done.changed == 1
    assert calls.read(f"SELECT COUNT(*) FROM {ARCHIVE} WHERE AcctId IN (5, 6)") == ((0,),)


async def statements(calls: Calls, word: str) -> list[int]:
    """At which statements of a run ``word`` comes; the run is undone again."""
    found: list[int] = []
    async with calls.running() as run:
        writer: Any = run.db._writer
        real = writer.execute

        async def noting(sql: str, *rest: Any, **more: Any) -> Any:
            if word in sql:
                found.append(writer.count + 1)
            return await real(sql, *rest, **more)

        writer.execute = noting
        await archive(run, CUTOFF)
    await put_back(calls)
    return found


def committed(at: list[int]) -> int:
    return at[0] + 1


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    engine=st.sampled_from(ENGINES), undo=st.booleans(),
    kills=st.lists(st.tuples(st.integers(1, 75), st.booleans()), min_size=1, max_size=5),
)
def test_killed_at_any_statement_and_run_again_each_row_is_in_one_place(
    calls: Calls, engine: str, undo: bool, kills: list[tuple[int, bool]]
) -> None:
    asyncio.run(killed_and_resumed(calls, engine, undo, kills))


async def killed_and_resumed(calls: Calls, engine: str, undo: bool, kills: list[tuple[int, bool]]) -> None:
    calls.run(f"DROP TABLE IF EXISTS {ARCHIVE}", f"DROP TABLE IF EXISTS {ARCHIVE}_batches")
    made(calls, engine, rows=60)
    calls.run("UPDATE cdr SET calldate = '2026-06-01' WHERE AcctId > 45")
    before = calls.read(EVERY)
    for at, after in kills:
        try:
            await moved(calls, kill_at=at, after=after)
        except Unclear:
            nothing_is_lost(calls, before)
    done = await moved(calls)
    everything = (*calls.read(f"SELECT * FROM {ARCHIVE} ORDER BY AcctId"), *calls.read(EVERY))
    assert everything == before and done.rows == 45
    if undo:
        for at, after in kills:
            try:
                await put_back(calls, done.digest, kill_at=at, after=after)
            except Unclear:
                nothing_is_lost(calls, before)
        await put_back(calls, done.digest)
        assert calls.read(EVERY) == before


def nothing_is_lost(calls: Calls, before: tuple[Any, ...]) -> None:
    found = set(calls.read(EVERY))
    if calls.read(f"SHOW TABLES LIKE '{ARCHIVE}'"):
        found |= set(calls.read(f"SELECT * FROM {ARCHIVE}"))
    assert found == set(before)


async def test_a_run_that_may_not_go_on_halts_at_the_next_batch_and_another_takes_it_up(calls: Calls) -> None:
    made(calls, rows=100)
    before, asked = calls.read(EVERY), 0

    async def twice() -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise UserError("stopped", "the engineer asks to stop", "")

    with pytest.raises(UserError, match="asks to stop"):
        await moved(calls, may_go_on=twice)
    assert calls.read(f"SELECT COUNT(*) FROM {ARCHIVE}") == ((20,),)
    assert len(calls.read(EVERY)) == 80
    await moved(calls)
    assert (*calls.read(f"SELECT * FROM {ARCHIVE} ORDER BY AcctId"), *calls.read(EVERY)) == before


async def test_what_changed_in_the_archive_is_neither_deleted_for_nor_put_back(calls: Calls) -> None:
    made(calls, rows=100)
    with pytest.raises(Unclear):
        await moved(calls, kill_at=committed(await statements(calls, "COMMIT")))
    calls.run(f"UPDATE {ARCHIVE} SET duration = 99999 WHERE AcctId = 3")
    with pytest.raises(UserError, match="not as it was written, at keys 1 to 10"):
        await moved(calls)
    assert len(calls.read(EVERY)) == 100


async def test_an_undo_refuses_an_archive_that_is_not_the_one_that_was_noted(calls: Calls) -> None:
    made(calls, rows=100)
    done = await moved(calls)
    calls.run(f"UPDATE {ARCHIVE} SET duration = 99999 WHERE AcctId = 3")
    with pytest.raises(UserError, match="not as it was written"):
        await put_back(calls, done.digest)
    calls.run(f"DELETE FROM {ARCHIVE}_batches WHERE lo < 20")
    with pytest.raises(UserError, match="not the one that was noted"):
        await put_back(calls, done.digest)


async def test_an_archived_key_that_was_given_to_another_call_is_told_and_not_overwritten(calls: Calls) -> None:
    made(calls, rows=100)
    done = await moved(calls)
    calls.run("INSERT INTO cdr (AcctId, clid) VALUES (3, 'another')")
    with pytest.raises(UserError, match="1 of the archived calls with keys 1 to 10 meet other rows"):
        await put_back(calls, done.digest)
    assert calls.read("SELECT clid FROM cdr WHERE AcctId = 3") == (("another",),)
    assert calls.read(f"SELECT COUNT(*) FROM {ARCHIVE}") == ((done.rows,),)


async def test_after_an_upgrade_with_new_columns_the_calls_still_come_back(calls: Calls) -> None:
    made(calls, rows=100)
    before = calls.read(EVERY)
    done = await moved(calls)
    calls.run("ALTER TABLE cdr ADD COLUMN linkedid VARCHAR(32) NOT NULL DEFAULT 'none' AFTER clid")
    assert await put_back(calls, done.digest) == done.rows
    assert calls.read("SELECT AcctId, tenant, clid, calldate, duration, billamount FROM cdr ORDER BY 1") == before
    assert calls.read("SELECT DISTINCT linkedid FROM cdr") == (("none",),)


@pytest.mark.parametrize(("statement", "why"), [
    ("CREATE TRIGGER copy_out AFTER DELETE ON cdr FOR EACH ROW SET @gone = OLD.AcctId", "trigger on INSERT or DELETE"),
    ("CREATE OR REPLACE TABLE ours (id BIGINT, FOREIGN KEY (id) REFERENCES cdr (AcctId) ON DELETE CASCADE)",
     "refers to cdr by a foreign key"),
    ("ALTER TABLE cdr MODIFY AcctId BIGINT NOT NULL", "no AUTO_INCREMENT column with a unique index"),
    ("ALTER TABLE cdr DROP PRIMARY KEY, ADD KEY (AcctId)", "no AUTO_INCREMENT column with a unique index"),
    ("ALTER TABLE cdr ENGINE=MEMORY", "has the engine MEMORY"),
    ("ALTER TABLE cdr RENAME COLUMN calldate TO began", "has no column calldate"),
    ("DROP TABLE cdr", "there is no table cdr"),
])
async def test_a_table_whose_rows_cannot_be_moved_safely_is_refused(calls: Calls, statement: str, why: str) -> None:
    made(calls, rows=20)
    calls.run(statement)
    try:
        with pytest.raises(UserError, match=why):
            await moved(calls)
        assert not calls.read(f"SHOW TABLES LIKE '{ARCHIVE}'")
    finally:
        calls.run("DROP TABLE IF EXISTS ours")


async def test_two_runs_at_one_archive_are_not_to_be_had(calls: Calls) -> None:
    made(calls, rows=20)
    with calls.connected() as other, other.cursor() as cursor:
        cursor.execute(f"SELECT GET_LOCK('uplift {ARCHIVE}', 0)")
        began = asyncio.create_task(moved(calls))
        await asyncio.sleep(0.5)
        assert not began.done()
        cursor.execute(f"SELECT RELEASE_LOCK('uplift {ARCHIVE}')")
        assert (await began).batches == 2


async def test_a_locked_table_is_waited_for_in_small_bites_until_patience_is_over(calls: Calls) -> None:
    from tests.wire.cdr_archive.conftest import SETTINGS

    made(calls, "MyISAM", rows=40)
    short = SETTINGS.model_copy(update={"limit_s": 0.2, "patience_s": 1.0})
    with calls.connected() as reader, reader.cursor() as cursor:
        cursor.execute("LOCK TABLES cdr READ")
        with pytest.raises(UserError, match="too busy for 1 s; every row is in its place"):
            await moved(calls, settings=short)
        cursor.execute("UNLOCK TABLES")
    assert len(calls.read(EVERY)) == 40
    assert (await moved(calls)).rows == 39
