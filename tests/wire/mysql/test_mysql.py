"""The database of a system through its SSH connection: read only, bounded, its password nowhere to be seen."""
from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tasks.model.answer import Recording, Rows, Silence, Why
from tasks.model.fact import Query
from tasks.model.facts import CdrColumns, CdrRhythm, CdrSpan, DatabaseServer, Tables
from tasks.model.fleet import System
from tasks.model.profile import Database, Paths, Profile
from tasks.model.sweep import Limits
from tasks.rules.known import known_from
from tasks.wire.mysql import DatabaseLogin, NoDatabase, Session, session
from tasks.wire.ssh import connect
from tasks.wire.visit import visit

Make = Callable[..., System]
CDR = (
    "CREATE OR REPLACE TABLE cdr (AcctId BIGINT NOT NULL AUTO_INCREMENT, tenant CHAR(3), clid VARCHAR(80), "
    "calldate DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', duration INT, billamount DECIMAL(10,4), "
    "did VARBINARY(20), {keys}) ENGINE={engine}"
)
ROWS = (
    "INSERT INTO cdr (tenant, clid, calldate, duration, billamount, did) SELECT '201', 'x', "
    "CURDATE() - INTERVAL 3 DAY + INTERVAL 10 HOUR, seq, 1.5, 'd' FROM seq_1_to_{rows}"
)


@pytest.fixture(scope="module")
def database(real_mariadb: Any) -> Iterator[Any]:
    keys = "PRIMARY KEY (AcctId), KEY calldate (calldate)"
    real_mariadb.run(CDR.format(keys=keys, engine="InnoDB"), ROWS.format(rows=200))
    yield real_mariadb


@asynccontextmanager
async def asking(sshd: Any, make_system: Make, login: DatabaseLogin, schema: str = "pbxware") -> AsyncIterator[Session]:
    system = make_system(sshd.host, sshd.port, sshd.user)
    async with (
        connect(system, sshd.login, Limits()) as connection,
        session(connection, login, schema, max_bytes=4_000_000) as one,
    ):
        yield one


def login_of(database: Any, **other: Any) -> DatabaseLogin:
    told = {"host": database.host, "port": database.port, "user": database.user, "password": database.password}
    return DatabaseLogin(**(told | other))


async def test_cells_are_numbers_text_or_nothing(real_sshd: Any, database: Any, make_system: Make) -> None:
    sql = (
        "SELECT 7 AS a, 1.50 AS b, 3.0000 AS c, NULL AS d, 'é' AS e, CAST('x' AS BINARY) AS f, "
        "TIMESTAMP '2026-03-29 01:30:00' AS g, DATE '2026-03-29' AS h, TIME '01:00:05' AS i, 2.5e0 AS j, %s AS k"
    )
    async with asking(real_sshd, make_system, login_of(database)) as one:
        rows = await one.ask(Query(sql, ("a'b",)), 5)
    assert rows == Rows(
        columns=tuple("abcdefghijk"),
        rows=((7, 1.5, 3, None, "é", "x", "2026-03-29T01:30:00", "2026-03-29", 3605.0, 2.5, "a'b"),),
    )


async def test_a_visit_says_goodbye_so_that_the_database_logs_no_aborted_connection(
    real_sshd: Any, database: Any, make_system: Make
) -> None:
    question = "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'ABORTED_CLIENTS'"
    aborted = []
    for _ in range(5):
        async with asking(real_sshd, make_system, login_of(database)) as one:
            answer = await one.ask(Query(question), 5)
            aborted.append(int(answer.rows[0][0]))
    assert len(set(aborted)) == 1, aborted


async def test_the_session_cannot_write_even_with_a_login_that_may(
    real_sshd: Any, database: Any, make_system: Make
) -> None:
    database.run(
        "CREATE OR REPLACE FUNCTION bump() RETURNS INT BEGIN INSERT INTO cdr (clid) VALUES ('w'); RETURN 1; END"
    )
    database.run("CREATE OR REPLACE USER writer@'%' IDENTIFIED BY 'w'", "GRANT ALL ON pbxware.* TO writer@'%'")
    async with asking(real_sshd, make_system, login_of(database, user="writer", password="w")) as one:
        refused = await one.ask(Query("SELECT bump() AS bumped"), 5)
        count = await one.ask(Query("SELECT COUNT(*) AS n FROM cdr WHERE clid = 'w'"), 5)
        with pytest.raises(AssertionError):
            await one.ask(Query("DELETE FROM cdr"), 5)
    assert isinstance(refused, Silence) and refused.why is Why.REFUSED and "1792" in refused.detail
    assert isinstance(count, Rows) and count.rows == ((0,),)


async def test_a_statement_is_ended_by_the_server_and_the_session_lives_on(
    real_sshd: Any, database: Any, make_system: Make
) -> None:
    began = time.monotonic()
    async with asking(real_sshd, make_system, login_of(database)) as one:
        slow = await one.ask(Query("SELECT SUM(SIN(seq)) AS n FROM seq_1_to_10000000000"), 0.5)
        after = await one.ask(Query("SELECT 1 AS one"), 5)
    assert isinstance(slow, Silence) and slow.why is Why.TIMED_OUT
    assert time.monotonic() - began < 3
    assert isinstance(after, Rows)


async def test_a_locked_table_is_not_waited_for(real_sshd: Any, database: Any, make_system: Make) -> None:
    import pymysql

    locker = pymysql.connect(unix_socket=str(database.path), user="root", database="pbxware")
    with locker, locker.cursor() as cursor:
        cursor.execute("LOCK TABLES cdr WRITE")
        async with asking(real_sshd, make_system, login_of(database)) as one:
            began = time.monotonic()
            told = await one.ask(Query("SELECT COUNT(*) AS n FROM cdr"), 8)
            assert time.monotonic() - began < 5
    assert isinstance(told, Silence) and told.why is Why.TIMED_OUT and "lock" in told.detail


async def test_more_than_is_read_of_one_system_ends_the_session(
    real_sshd: Any, database: Any, make_system: Make
) -> None:
    for sql in ("SELECT seq FROM seq_1_to_10000000", "SELECT REPEAT('x', 1000000) AS x FROM seq_1_to_10"):
        async with asking(real_sshd, make_system, login_of(database)) as one:
            told = await one.ask(Query(sql), 5)
            assert one.lost
        assert isinstance(told, Silence) and told.why is Why.REFUSED and "said more" in told.detail


REFUSALS = [
    ({"password": "wrong"}, "pbxware", "refused the login that pbxware.ini holds (error 1045)"),
    ({"user": "stranger"}, "pbxware", "may not use the PBXware schema (error 1044)"),
    ({"user": "root", "password": "x"}, "pbxware", "(error 1"),
    ({"port": 3999}, "pbxware", ":3999: nothing answers there on the system"),
]


@pytest.mark.parametrize(("other", "schema", "detail"), REFUSALS)
async def test_a_session_that_is_refused_has_one_sentence_without_the_password(
    real_sshd: Any, database: Any, make_system: Make, other: dict[str, Any], schema: str, detail: str
) -> None:
    with pytest.raises(NoDatabase) as refused:
        async with asking(real_sshd, make_system, login_of(database, **other), schema):
            pytest.fail("it was let in")
    assert refused.value.silence.why is Why.REFUSED
    assert detail in refused.value.silence.detail
    assert database.password not in repr(refused.value) + str(refused.value.__cause__)


async def test_a_schema_that_does_not_exist(real_sshd: Any, database: Any, make_system: Make) -> None:
    database.run("CREATE OR REPLACE USER any_@'%' IDENTIFIED BY 'a'", "GRANT SELECT ON *.* TO any_@'%'")
    with pytest.raises(NoDatabase) as refused:
        async with asking(real_sshd, make_system, login_of(database, user="any_", password="a"), "nowhere"):
            pytest.fail("it was let in")
    assert "(error 1049)" in refused.value.silence.detail


async def test_a_table_that_may_not_be_read_or_does_not_exist(real_sshd: Any, database: Any, make_system: Make) -> None:
    async with asking(real_sshd, make_system, login_of(database)) as one:
        forbidden = await one.ask(Query("SELECT user FROM mysql.user"), 5)
        missing = await one.ask(Query("SELECT x FROM nothing"), 5)
    assert isinstance(forbidden, Silence) and "(error 1142)" in forbidden.detail
    assert isinstance(missing, Silence) and "(error 1146)" in missing.detail


@pytest.fixture
def mute_server() -> Iterator[tuple[str, int]]:
    """Accepts connections and says nothing."""
    with socket.create_server(("127.0.77.4", 0)) as server:
        yield server.getsockname()


async def test_a_database_that_says_nothing_frees_its_thread(
    real_sshd: Any, database: Any, make_system: Make, mute_server: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.wire.mysql.CONNECT_S", 0.5)
    began = time.monotonic()
    with pytest.raises(NoDatabase) as refused:
        async with asking(real_sshd, make_system, login_of(database, host=mute_server[0], port=mute_server[1])):
            pytest.fail("it was let in")
    assert time.monotonic() - began < 2
    assert refused.value.silence.why is Why.TIMED_OUT
    for _ in range(50):
        if not any("_read_bytes" in _stack(thread) for thread in threading.enumerate() if "mysql" in thread.name):
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("a thread still waits for the database")


def _stack(thread: threading.Thread) -> str:
    import sys
    import traceback

    frame = sys._current_frames().get(thread.ident or 0)
    return "".join(traceback.format_stack(frame)) if frame else ""


INI = """\
; vendor's settings
[general]
edition = Multi-Tenant
pw_mysql_host = {host}:{port}
pw_mysql_username = "{user}"
pw_mysql_password = {password}
licence_key = 0123456789abcdef0123456789abcdef
api_secret = hush
domain_name = pbx.example.test
"""


@pytest.fixture
def profile(tmp_path: Path, database: Any) -> Profile:
    ini = tmp_path / "pbxware.ini"
    ini.write_text(INI.format(host=database.host, port=database.port, user=database.user, password=database.password))
    return Profile(name="lab", paths=Paths(settings=str(ini)))


async def test_a_visit_brings_home_all_facts_of_the_database_and_no_secret(
    real_sshd: Any, database: Any, make_system: Make, profile: Profile, now: Callable[[], datetime],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
    recording = await visit(system, profile, real_sshd.login, limits=Limits(), now=now)
    known = known_from(recording)
    server, tables, columns = known.get(DatabaseServer), known.get(Tables), known.get(CdrColumns)
    span, rhythm = known.get(CdrSpan), known.get(CdrRhythm)
    assert isinstance(server, DatabaseServer) and "MariaDB" in server.version
    assert isinstance(tables, Tables) and (cdr := tables.get("cdr")) and cdr.engine == "InnoDB" and cdr.size_bytes > 0
    assert isinstance(columns, CdrColumns) and columns.calldate_indexed and "did" in columns.columns
    assert isinstance(span, CdrSpan) and span.first == span.last and span.first and span.first.hour == 10
    assert isinstance(rhythm, CdrRhythm) and rhythm.total == 200 and rhythm.calls[span.first.weekday()][10] == 200
    everything = recording.model_dump_json() + caplog.text
    for secret in (database.password, "s3cret", "0123456789abcdef", "hush", database.user + '"'):
        assert secret not in everything
    assert Recording.model_validate_json(recording.model_dump_json()) == recording


PLANS = [
    # (keys, engine, scan limit, span, rhythm)
    ("PRIMARY KEY (AcctId)", "MyISAM", 100, True, False),
    ("KEY (AcctId, calldate)", "MyISAM", 100, True, False),
    ("KEY (AcctId), KEY (calldate)", "Aria", 0, True, True),
    ("KEY (duration), KEY (AcctId)", "InnoDB", 1_000_000, True, True),
]


@pytest.mark.parametrize(("keys", "engine", "limit", "span", "rhythm"), PLANS)
async def test_what_has_no_index_is_asked_only_of_small_tables(
    real_sshd: Any, real_mariadb: Any, make_system: Make, profile: Profile, now: Callable[[], datetime],
    keys: str, engine: str, limit: int, span: bool, rhythm: bool,
) -> None:
    real_mariadb.run(CDR.format(keys=keys, engine=engine), ROWS.format(rows=200), "ANALYZE TABLE cdr")
    bounded = profile.model_copy(update={"database": Database(scan_limit_rows=limit)})
    system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
    recording = await visit(system, bounded, real_sshd.login, limits=Limits(), now=now)
    known = known_from(recording)
    assert isinstance(known.get(CdrSpan), CdrSpan) is span
    assert isinstance(known.get(CdrRhythm), CdrRhythm) is rhythm
    for name, asked in (("cdr_span", span), ("cdr_rhythm", rhythm)):
        answer = recording.sql[name]
        if not asked:
            assert isinstance(answer, Silence) and answer.why is Why.DECLINED
            assert "200 rows and no index" in answer.detail


async def test_an_ini_without_the_password_or_without_itself_says_so(
    real_sshd: Any, make_system: Make, tmp_path: Path, now: Callable[[], datetime]
) -> None:
    (tmp_path / "pbxware.ini").write_text("pw_mysql_host=127.0.0.1\npw_mysql_username=x\n")
    profile = Profile(name="lab", paths=Paths(settings=str(tmp_path / "pbxware.ini")))
    system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
    recording = await visit(system, profile, real_sshd.login, limits=Limits(), now=now)
    assert {answer.detail for answer in recording.sql.values() if isinstance(answer, Silence)} == {
        "pbxware.ini has no key pw_mysql_password"
    }
    (tmp_path / "pbxware.ini").unlink()
    recording = await visit(system, profile, real_sshd.login, limits=Limits(), now=now)
    assert {answer.detail for answer in recording.sql.values() if isinstance(answer, Silence)} == {
        "pbxware.ini cannot be read where the profile says it is"
    }
