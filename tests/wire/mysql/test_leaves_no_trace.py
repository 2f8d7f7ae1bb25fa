"""An inspection of a busy database: no row, no file of a table changes, and nobody waits for it."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tasks.facts import sql_facts
from tasks.model.answer import Recording, Rows, Silence, Why
from tasks.model.fleet import System
from tasks.model.profile import Database, Paths, Profile
from tasks.model.sweep import Limits
from tasks.wire.visit import visit

Make = Callable[..., System]
ROWS = 60_000
CALLS = (
    "CREATE OR REPLACE TABLE cdr (AcctId BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, src VARCHAR(80), "
    "calldate DATETIME NOT NULL{index}) ENGINE={engine}",
    f"INSERT INTO cdr (src, calldate) SELECT '101', NOW() - INTERVAL seq * 140 SECOND FROM seq_{ROWS}_to_1",
)
INDEX = ", KEY calldate (calldate)"
KINDS = [("InnoDB", ""), ("InnoDB", INDEX), ("MyISAM", ""), ("MyISAM", INDEX), ("Aria", INDEX)]
SEES_ALL = (
    "CREATE OR REPLACE USER inspector@'%' IDENTIFIED BY 'i'", "GRANT ALL ON pbxware.* TO inspector@'%'",
    "GRANT PROCESS, BINLOG MONITOR, SLAVE MONITOR ON *.* TO inspector@'%'",
)
WAITS = (
    "SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS "
    "WHERE VARIABLE_NAME IN ('TABLE_LOCKS_WAITED', 'INNODB_ROW_LOCK_WAITS')"
)


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}{' indexed' if kind[1] else ''}")
def database(request: pytest.FixtureRequest, real_mariadb: Any) -> Iterator[Any]:
    engine, index = request.param
    real_mariadb.run(*(statement.format(engine=engine, index=index) for statement in CALLS), "ANALYZE TABLE cdr")
    real_mariadb.run(*SEES_ALL)
    yield real_mariadb
    real_mariadb.run("DROP TABLE cdr", "DROP USER inspector@'%'")


@pytest.fixture
def inspect(
    real_sshd: Any, database: Any, make_system: Make, tmp_path: Path, now: Callable[[], datetime]
) -> Callable[[], Any]:
    (tmp_path / "pbxware.ini").write_text(
        f"pw_mysql_host = {database.host}:{database.port}\npw_mysql_username = inspector\npw_mysql_password = i\n"
    )
    profile = Profile(
        name="lab", paths=Paths(settings=str(tmp_path / "pbxware.ini")), database=Database(scan_limit_rows=20_000)
    )
    system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
    return lambda: visit(system, profile, real_sshd.login, limits=Limits(), now=now)


def is_whole(recording: Recording, indexed: bool) -> bool:
    """Every fact of the database was answered, but those that would scan the table."""
    spared = {name for name, answer in recording.sql.items()
              if isinstance(answer, Silence) and answer.why is Why.DECLINED}
    answered = {name for name, answer in recording.sql.items() if isinstance(answer, Rows)}
    unindexed = set() if indexed else {"cdr_daily", "cdr_rhythm"}
    return spared == unindexed and answered == {fact.name for fact in sql_facts()} - unindexed


def traces(database: Any) -> dict[str, Any]:
    """Rows by their checksum, and each file of the schema with its size and times."""
    with pymysql.connect(unix_socket=str(database.path), user="root", database="pbxware") as connection:
        cursor = connection.cursor()
        cursor.execute("CHECKSUM TABLE cdr")
        told = {"rows": cursor.fetchall()}
    files = (database.path.parent / "data/pbxware").iterdir()
    return told | {path.name: (stat.st_size, stat.st_mtime_ns) for path in files for stat in [path.stat()]}


def write_everything_down(database: Any) -> None:
    """Until InnoDB has written what is older than the inspection; it does so whenever it likes."""
    dirty = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = %s"
    with pymysql.connect(unix_socket=str(database.path), user="root") as connection:
        cursor = connection.cursor()
        cursor.execute("SET GLOBAL innodb_max_dirty_pages_pct = 0")
        for _ in range(200):
            cursor.execute(dirty, ("INNODB_BUFFER_POOL_PAGES_DIRTY",))
            if int(cursor.fetchall()[0][0]) == 0:
                return
            time.sleep(0.05)
    pytest.fail("InnoDB does not write its pages down")


async def test_an_inspection_changes_no_row_and_no_file_of_a_table(
    request: pytest.FixtureRequest, database: Any, inspect: Callable[[], Any]
) -> None:
    traces(database)                        # the first look opens the table
    write_everything_down(database)
    before = traces(database)
    assert is_whole(await inspect(), indexed="indexed" in request.node.callspec.id)
    assert traces(database) == before


@contextmanager
def calls_being_written(database: Any) -> Iterator[list[float]]:
    """A call every five milliseconds; gives how long each was in being written, in ms."""
    took: list[float] = []
    stop = threading.Event()

    def work() -> None:
        with pymysql.connect(
            unix_socket=str(database.path), user="root", database="pbxware", autocommit=True
        ) as connection:
            cursor = connection.cursor()
            while not stop.wait(0.005):
                began = time.perf_counter()
                cursor.execute("INSERT INTO cdr (src, calldate) VALUES ('102', NOW())")
                took.append((time.perf_counter() - began) * 1000)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield took
    finally:
        stop.set()
        thread.join()


def lock_waits(database: Any) -> int:
    with pymysql.connect(unix_socket=str(database.path), user="root") as connection:
        cursor = connection.cursor()
        cursor.execute(WAITS)
        return int(cursor.fetchall()[0][0])


async def test_calls_are_written_as_quickly_as_ever_while_an_inspection_goes_on(
    request: pytest.FixtureRequest, database: Any, inspect: Callable[[], Any]
) -> None:
    waits = lock_waits(database)
    with calls_being_written(database) as took:
        assert is_whole(await inspect(), indexed="indexed" in request.node.callspec.id)
    assert len(took) > 20
    assert lock_waits(database) == waits, "a call waited for a lock"
    assert max(took) < 1000, f"a call waited {max(took):.0f} ms"


@pytest.mark.parametrize("database", KINDS[1::2] + KINDS[4:], indirect=True, ids=lambda kind: kind[0])
async def test_a_table_with_holes_is_counted_so_briefly_that_no_call_feels_it(
    request: pytest.FixtureRequest, database: Any, inspect: Callable[[], Any]
) -> None:
    """In MyISAM a call that ends then waits for the count: no more is counted than might be scanned."""
    database.run("DELETE FROM cdr WHERE AcctId BETWEEN 1000 AND 20000", "ANALYZE TABLE cdr")
    waits = lock_waits(database)
    with calls_being_written(database) as took:
        answer = (await inspect()).sql["cdr_daily"]
    kind = request.node.callspec.id
    assert isinstance(answer, Rows)
    days = int(answer.rows[0][1] or 0)
    assert 30 < days < 60 if "MyISAM" in kind else days == 90
    assert max(took) < 1000
    assert "MyISAM" in kind or lock_waits(database) == waits
