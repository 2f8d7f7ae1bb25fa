"""Where the case database is, how it is connected to, and how a transaction is made and made again.

SQLite: WAL, foreign keys, full durability; writers begin with BEGIN IMMEDIATE, so that none fails half-way. PostgreSQL
and MariaDB: READ COMMITTED with row locks. All: a lost race is tried again as a whole; a lost connection is told, never
guessed over, since only reading again tells whether a commit arrived.
"""
from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from tasks.model.errors import UserError
from tasks.wire.home import find_home

T = TypeVar("T")
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg",
           "mysql": "mariadb+pymysql", "mariadb": "mariadb+pymysql"}
PATIENCE_S = 30
BUSY_MS = PATIENCE_S * 1000
LOCK_S = 10
WRITES = "uplift_writes"
RACES_POSTGRES = {"40001", "40P01", "55P03"}        # serialization, deadlock, lock not available
RACES_MARIADB = {1020, 1205, 1213}                  # changed since read, lock wait timeout, deadlock
NOW = {"sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')", "postgresql": "SELECT clock_timestamp()",
       "mysql": "SELECT UTC_TIMESTAMP(6)", "mariadb": "SELECT UTC_TIMESTAMP(6)"}


class StoreUnavailable(UserError):
    """The database does not answer, or not as a case database should."""


class Raced(Exception):
    """Somebody else was first; the transaction is made again from its beginning."""


def database_url(named: str | None = None, home: str | Path | None = None) -> URL:
    """The URL that was named, else $UPLIFT_DATABASE_URL, else a SQLite file in UPLIFT_HOME, with Uplift's driver."""
    given = named or os.environ.get("UPLIFT_DATABASE_URL") or f"sqlite:///{find_home(home) / 'uplift.db'}"
    remedy = "set UPLIFT_DATABASE_URL like postgresql://user@host/uplift, mariadb://… or sqlite:////path/uplift.db"
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise StoreUnavailable("database_url_invalid", "the database's URL cannot be read", remedy) from None
    driver = DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise StoreUnavailable("database_url_invalid", f"{url.get_backend_name()} is no supported database", remedy)
    return url.set(drivername=driver)


def connect(url: URL) -> Engine:
    """An engine; nothing is connected to yet."""
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _sqlite(url)
    if backend == "postgresql":
        options = f"-c lock_timeout={LOCK_S * 1000} -c timezone=UTC"
        return create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED",
                             connect_args={"options": options, "connect_timeout": LOCK_S})
    return create_engine(
        url, pool_pre_ping=True, pool_recycle=3600, isolation_level="READ COMMITTED",
        connect_args={"charset": "utf8mb4", "connect_timeout": LOCK_S,
                      "init_command": f"SET SESSION innodb_lock_wait_timeout={LOCK_S}, time_zone='+00:00', "
                                      "sql_mode='TRADITIONAL'"},
    )


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        file = Path(url.database)
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))       # never readable by others, not even at first
        except OSError as error:
            raise StoreUnavailable("database_unusable", f"{file} cannot be used: {error.strerror}",
                                   "set UPLIFT_DATABASE_URL or UPLIFT_HOME to a place that can be written") from None
    engine = create_engine(url, connect_args={"timeout": PATIENCE_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None       # the driver begins nothing by itself
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")       # what is erased is overwritten in the file
        for attempt in _patiently(sqlite3.OperationalError):     # two first openers: this switch heeds no busy_timeout
            with attempt:
                connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class Database:
    """Transactions on one engine. The work that is given is done in one transaction and may be done again."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def read(self, work: Callable[[Connection], T]) -> T:
        return self._made(work, {})

    def write(self, work: Callable[[Connection], T]) -> T:
        return self._made(work, {WRITES: True})

    def _made(self, work: Callable[[Connection], T], options: dict[str, Any]) -> T:
        engine = self.engine.execution_options(**options)
        try:
            for attempt in _patiently(Raced, DBAPIError):
                with attempt, engine.begin() as connection:
                    return work(connection)
        except DBAPIError as error:
            if not _of_the_server(error):
                raise
            raise self._unavailable(error) from None
        except Raced as error:
            raise StoreUnavailable("database_busy", f"the database was too busy: {error}", "try again") from None
        raise AssertionError("unreachable")

    def _unavailable(self, error: DBAPIError) -> StoreUnavailable:
        told = " ".join(str(error.orig).split())[:300]
        where = self.engine.url.render_as_string(hide_password=True)
        return StoreUnavailable("database_unavailable", f"the database {where} failed: {told}",
                                "see that it runs and can be reached, then look at the case before repeating anything")


def now(connection: Connection) -> datetime:
    """The time on the database's clock, which all leases go by."""
    found = connection.execute(text(NOW[connection.dialect.name])).scalar_one()
    moment = datetime.fromisoformat(found) if isinstance(found, str) else found
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def lost_race(error: BaseException) -> bool:
    """Whether doing the transaction again can help."""
    if isinstance(error, Raced):
        return True
    cause = getattr(error, "orig", error)
    if isinstance(cause, sqlite3.OperationalError):
        return "locked" in str(cause) or "busy" in str(cause)
    if getattr(cause, "sqlstate", None) in RACES_POSTGRES:
        return True
    arguments: tuple[object, ...] = getattr(cause, "args", ())
    return bool(RACES_MARIADB.intersection(arguments[:1]))


def _of_the_server(error: DBAPIError) -> bool:
    """Whether it is the database that failed, and not a statement of ours that is wrong."""
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError


def _patiently(*kinds: type[BaseException]) -> Retrying:
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, kinds) and lost_race(error)),
        stop=stop_after_delay(PATIENCE_S), wait=wait_random_exponential(multiplier=0.01, max=0.5), reraise=True,
    )
