"""Tables of calls on a real MariaDB, small ones, and runs of the archiving that can be killed at any statement."""
from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pymysql
import pytest

from tasks.model.answer import Cell, Rows
from tasks.model.profile_archive import CdrArchive
from tasks.wire.cdr_archive.run import Hooks, Run
from tasks.wire.cdr_archive.session import Database
from tasks.wire.fenced import Unclear
from tasks.wire.mysql_write import Writer

ARCHIVE = "cdr_archive_c_1"
CUTOFF = "2026-01-01 00:00:00"
SETTINGS = CdrArchive(first_rows=10, most_rows=10, rest_fraction=0)


async def nothing(*_: object) -> None:
    return None


@dataclass
class Killed:
    """A writer whose connection ends at its ``at``-th statement; ``after``: the server had done it."""

    writer: Writer
    at: int
    after: bool
    count: int = 0
    affected: int = 0

    async def execute(self, sql: str, parameters: Sequence[Cell | bytes] = (), *, limit_s: float) -> Rows:
        self.count += 1
        if self.count == self.at and not self.after:
            raise Unclear("killed")
        rows = await self.writer.execute(sql, parameters, limit_s=limit_s)
        if self.count == self.at:
            raise Unclear("killed")
        self.affected = self.writer.affected
        return rows


@dataclass
class Calls:
    """The database with the table of calls, and the ways to look at it."""

    server: Any
    statements: int = field(default=0, init=False)

    def run(self, *statements: str) -> None:
        self.server.run(*statements)

    def read(self, sql: str, schema: str = "pbxware") -> tuple[tuple[Any, ...], ...]:
        with self.connected(schema) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return tuple(cursor.fetchall())

    def connected(self, schema: str = "pbxware") -> pymysql.Connection[Any]:
        return pymysql.connect(unix_socket=str(self.server.path), user="root", database=schema, autocommit=True)

    @asynccontextmanager
    async def running(
        self, *, kill_at: int | None = None, after: bool = False, settings: CdrArchive = SETTINGS,
        may_go_on: Callable[[], Awaitable[None]] = nothing, progress: Callable[[str], Awaitable[None]] = nothing,
    ) -> AsyncIterator[Run]:
        connection = self.connected()
        writer: Any = Writer(connection)
        killed = Killed(writer, kill_at or 10**9, after)
        try:
            hooks = Hooks(may_go_on, nothing, progress)
            yield await Run.of(Database(killed), settings, hooks, table="cdr", archive=ARCHIVE)
        finally:
            self.statements = killed.count
            connection.close()


@pytest.fixture
def calls(real_mariadb: Any) -> Calls:
    found = Calls(real_mariadb)
    found.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1")      # as a server is by default
    found.run(f"DROP TABLE IF EXISTS {ARCHIVE}", f"DROP TABLE IF EXISTS {ARCHIVE}_batches", "DROP TABLE IF EXISTS cdr")
    return found
