"""A read-only session with the database of one system, through its SSH connection.

The tunnel ends in an unnamed socket pair inside this process: no port and no path that another user could open. The
driver is blocking, so it works in a thread; closing the pair ends whatever it waits for.
"""
from __future__ import annotations

import asyncio
import re
import shlex
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import asyncssh
import pymysql

from tasks.model.answer import Answer, Cell, Rows, Silence, Why
from tasks.model.fact import Query
from tasks.model.profile import Database, Profile
from tasks.wire.shell import Question

CREDENTIALS = "database_credentials"    # volatile: its answer never leaves memory
CONNECT_S = 10.0
_LOCK_WAITS = "SET SESSION lock_wait_timeout = 3, SESSION innodb_lock_wait_timeout = 3"
_READ_ONLY = ("SET SESSION TRANSACTION READ ONLY", _LOCK_WAITS)
_GRACE_S = 2.0                          # for the server to end a statement by itself, before the client does
_FAREWELL_S = 1.0                       # for the goodbye to reach the server
_SAFETY_NET_S = 60.0                    # of the driver itself, far beyond every limit above it
_THREADS = ThreadPoolExecutor(2_000, thread_name_prefix="mysql")    # made when they are needed, and used again
_READS = ("SELECT ", "SHOW ALL SLAVES STATUS", "SHOW SLAVE STATUS", "SHOW REPLICA STATUS")
_UNKNOWN_VARIABLE, _SYNTAX = 1193, 1064
_TIMEOUTS = {1969: "its time limit", 3024: "its time limit", 1205: "its turn at a lock", 1317: "its time limit"}
_REFUSALS = {
    1045: "the database refused the login that pbxware.ini holds",
    1044: "the login of pbxware.ini may not use the PBXware schema",
    1142: "the login of pbxware.ini may not read this table",
    1143: "the login of pbxware.ini may not read this column",
    1227: "the login of pbxware.ini lacks a right of the database server",
    1049: "the database has no PBXware schema of the profile's name",
    1146: "the PBXware schema has no such table",
    1040: "the database has no connection left",
    1130: "the database does not allow this host",
    1203: "the database has no connection left for this login",
}
ENDED = Silence(why=Why.NOT_ASKED, detail="the connection ended before the database's turn")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DatabaseLogin:
    """What pbxware.ini says of the database. Never shown, never stored."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)


class NoDatabase(Exception):
    """There is no session with the database; ``silence`` says why in one sentence without a secret."""

    def __init__(self, silence: Silence) -> None:
        super().__init__(silence.detail)
        self.silence = silence


def credentials_question(profile: Profile) -> Question:
    """Asks for the three keys of pbxware.ini that the profile names, and for nothing else of it."""
    database = profile.database
    keys = "|".join(re.escape(key) for key in (database.host_key, database.user_key, database.password_key))
    settings = shlex.quote(profile.paths.settings)
    return Question(CREDENTIALS, f"grep -aE {shlex.quote(f'^[[:space:]]*({keys})[[:space:]]*=')} {settings}", 5.0)


def read_credentials(answer: Answer | Silence, database: Database) -> DatabaseLogin:
    """Raises NoDatabase where the answer does not hold all of them."""
    if isinstance(answer, Silence):
        raise NoDatabase(answer)
    told: dict[str, str] = {}
    for line in answer.stdout.splitlines():
        key, _, value = line.partition("=")
        told[key.strip()] = _unquoted(value)
    if answer.exit_code > 1:                # grep says 1 where it found nothing, 2 where it could not read
        raise NoDatabase(Silence(why=Why.REFUSED, detail="pbxware.ini cannot be read where the profile says it is"))
    missing = [key for key in (database.host_key, database.user_key, database.password_key) if key not in told]
    if missing:
        raise NoDatabase(Silence(why=Why.REFUSED, detail=f"pbxware.ini has no key {missing[0]}"))
    host, _, port = told[database.host_key].partition(":")
    return DatabaseLogin(
        host="127.0.0.1" if host in ("", "localhost") else host,
        port=int(port) if re.fullmatch(r"[0-9]{1,5}", port) else database.port,
        user=told[database.user_key],
        password=told[database.password_key],
    )


def _unquoted(value: str) -> str:
    """A value as PHP's ini reader takes it: quoted, or up to a comment."""
    value = value.strip()
    if value[:1] in ("'", '"') and value.find(value[0], 1) > 0:
        return value[1 : value.index(value[0], 1)]
    comment = re.search(r"\s;", value)        # not \s+;, whose time grows with the square of a run of blanks
    return value[: comment.start()].rstrip() if comment else value


class Session:
    """One session. ``ask`` returns Rows or a Silence and raises nothing for what the system does."""

    def __init__(self, connection: pymysql.Connection[Any]) -> None:
        self._connection = connection
        self._server: str = connection.get_server_info()        # type: ignore[no-untyped-call]
        self._limit_s = 0.0
        self.lost = False

    async def ask(self, query: Query, limit_s: float) -> Rows | Silence:
        """A statement that outlasts its limit is ended by the server or, failing that, by ending the session."""
        try:
            async with asyncio.timeout(limit_s + _GRACE_S):
                return await _in_thread(lambda: self._run(query, limit_s))
        except TimeoutError:
            self.lost = True
            return Silence(why=Why.TIMED_OUT, detail=f"the database did not answer within {limit_s:g} s")
        except FAILURES as error:
            self.lost = self.lost or not self._connection.open or not isinstance(error, pymysql.Error)
            return silence_of(error, limit_s)

    def _run(self, query: Query, limit_s: float) -> Rows:
        if not query.sql.startswith(_READS):
            raise AssertionError(f"only reads are asked of a client's database, not {query.sql[:20]!r}")
        if limit_s != self._limit_s:
            _try_set(self._connection, _limit_statement(self._server, limit_s))
            self._limit_s = limit_s
        with self._connection.cursor() as cursor:
            cursor.execute(query.sql, query.parameters or None)
            names = [column[0] for column in cursor.description or ()]
            kept = [place for place, name in enumerate(names) if query.keep is None or name in query.keep]
            rows = tuple(tuple(cell(row[place]) for place in kept) for row in cursor.fetchall())
            return Rows(columns=tuple(names[place] for place in kept), rows=rows)


# PyMySQL parses what a server says without a doubt: another's nonsense surfaces as whatever Python raises there.
FAILURES = (pymysql.Error, OSError, ValueError, LookupError, RuntimeError, TypeError, AttributeError, struct.error)


@asynccontextmanager
async def session(
    connection: asyncssh.SSHClientConnection, login: DatabaseLogin, schema: str, *, max_bytes: int
) -> AsyncIterator[Session]:
    """A read-only session through ``connection``. Raises NoDatabase for whatever stands in the way.

    ``max_bytes`` bounds what is read in the whole session.
    """
    async with opened(connection, login, schema, _READ_ONLY, max_bytes=max_bytes) as driver:
        asking = Session(driver)
        yield asking
        if not asking.lost:         # a farewell, or the client's database logs an aborted connection for each visit
            with suppress(TimeoutError, *FAILURES):
                async with asyncio.timeout(_FAREWELL_S):
                    await _in_thread(driver.close)


@asynccontextmanager
async def opened(
    connection: asyncssh.SSHClientConnection, login: DatabaseLogin, schema: str, statements: Sequence[str], *,
    max_bytes: int, net_s: float = _SAFETY_NET_S,
) -> AsyncIterator[pymysql.Connection[Any]]:
    """A session of the driver, begun with ``statements``; ``net_s`` is its own patience. Raises NoDatabase."""
    async with _tunnel(connection, login, max_bytes) as end:
        try:
            async with asyncio.timeout(CONNECT_S):
                driver = await _in_thread(lambda: _open(end, login, schema, statements, net_s))
        except TimeoutError:
            late = Silence(why=Why.TIMED_OUT, detail=f"the database did not finish the login within {CONNECT_S:g} s")
            raise NoDatabase(late) from None
        except FAILURES as error:
            raise NoDatabase(silence_of(error, CONNECT_S)) from None
        yield driver


def _open(
    end: socket.socket, login: DatabaseLogin, schema: str, statements: Sequence[str], net_s: float
) -> pymysql.Connection[Any]:
    connection = pymysql.Connection(
        user=login.user, password=login.password, database=schema, charset="utf8mb4", autocommit=True,
        read_timeout=net_s, write_timeout=net_s, local_infile=False, ssl_disabled=True, defer_connect=True,
    )
    connection.connect(end)
    for statement in statements:
        _try_set(connection, statement)
    return connection


def _try_set(connection: pymysql.Connection[Any], statement: str) -> None:
    """An old server may not know it: the client's own limits hold all the same."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except pymysql.Error as error:
        if error.args[:1] not in ((_UNKNOWN_VARIABLE,), (_SYNTAX,)):
            raise


def _limit_statement(server: str, limit_s: float) -> str:
    """How this server is told to end a statement: MariaDB from 10.1 in seconds, MySQL from 5.7.8 in milliseconds."""
    if "mariadb" in server.lower():
        return f"SET SESSION max_statement_time = {limit_s:g}"
    return f"SET SESSION max_execution_time = {round(limit_s * 1000)}"


@asynccontextmanager
async def _tunnel(
    connection: asyncssh.SSHClientConnection, login: DatabaseLogin, max_bytes: int
) -> AsyncIterator[socket.socket]:
    """The near end of a forwarded connection to the database, for a blocking driver."""
    far_reader, far_writer = await _forwarded(connection, login)
    near, ours = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    both: tuple[tuple[Any, Any], ...] = ((far_reader, writer), (reader, far_writer))
    pumps = [asyncio.create_task(_pump(source, to, max_bytes)) for source, to in both]
    try:
        yield near
        if near.fileno() < 0:       # closed by the driver: what it said last is still on its way
            await asyncio.wait(pumps[1:], timeout=_FAREWELL_S)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        writer.close()
        far_writer.close()
        with suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)     # wakes a thread that still waits for it
        near.close()


async def _forwarded(connection: asyncssh.SSHClientConnection, login: DatabaseLogin) -> tuple[Any, Any]:
    where = f"{login.host}:{login.port}"
    try:
        async with asyncio.timeout(CONNECT_S):
            return await connection.open_connection(login.host, login.port, encoding=None)
    except TimeoutError:
        silence = Silence(why=Why.TIMED_OUT, detail=f"no tunnel to the database at {where} within {CONNECT_S:g} s")
    except asyncssh.ChannelOpenError as error:
        forbidden = error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
        why = "the system's SSH server allows no tunnel" if forbidden else "nothing answers there on the system"
        silence = Silence(why=Why.REFUSED, detail=f"no tunnel to the database at {where}: {why}")
        if connection.is_closed():          # asyncssh says the same of a connection that is lost
            silence = ENDED
    except (asyncssh.Error, OSError):
        silence = ENDED
    raise NoDatabase(silence)


async def _pump(reader: Any, writer: Any, most_bytes: int) -> None:
    with suppress(asyncssh.Error, OSError):
        while most_bytes > 0 and (data := await reader.read(65_536)):
            most_bytes -= len(data)
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


def cell(value: object) -> Cell:
    """A database value as it is stored: numbers, text or None; times as ISO 8601 text."""
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def silence_of(error: Exception, limit_s: float) -> Silence:
    """One sentence of our own: a server's message may repeat what it was sent."""
    code = next((word for word in error.args[:1] if isinstance(word, int)), 0)
    if code in _TIMEOUTS:
        return Silence(why=Why.TIMED_OUT, detail=f"the database ended the question at {_TIMEOUTS[code]}")
    if code in _REFUSALS:
        return Silence(why=Why.REFUSED, detail=f"{_REFUSALS[code]} (error {code})")
    if code in (2003, 2006, 2013) or isinstance(error, OSError):
        if "timed out" in str(error):
            return Silence(why=Why.TIMED_OUT, detail=f"the database did not answer within {limit_s:g} s")
        ended = "the database ended the session, or said more than is read of one system"
        return Silence(why=Why.REFUSED, detail=ended)
    return Silence(why=Why.REFUSED, detail=f"the database answered with error {code or type(error).__name__}")
