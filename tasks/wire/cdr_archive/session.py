"""The statements of an archiving run: each with a time limit that the server holds, each timed."""
from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from tasks.model.answer import Cell, Rows
from tasks.model.errors import UserError
from tasks.wire.mysql_write import StatementRefused

OWN_S = 60.0                    # for what nobody waits for: tables of our own, and transactions as such
_PATIENCE_S = 60.0              # of the client beyond the server's limit: the way there, and the undoing of a statement
_ENDED = frozenset({1969, 3024, 1317, 1205, 1213})      # at the limit, killed, no lock to be had, deadlock
_UNKNOWN_VARIABLE = 1193
_CRASHED = frozenset({126, 127, 144, 145, 1034, 1035, 1194, 1195})
_PERMISSIVE = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', SESSION time_zone = '+00:00'"


class Slow(Exception):
    """The server ended a statement at its limit, or it got no lock. Nothing of it holds on a transactional table; of a
    deletion from one that is not, a part may."""


class Writes(Protocol):
    """What ``tasks.wire.mysql_write.Writer`` offers."""

    affected: int

    async def execute(self, sql: str, parameters: Sequence[Cell | bytes] = (), *, limit_s: float) -> Rows: ...


class Database:
    """``took_s`` is how long the server worked at the last statement: without the way there and back."""

    def __init__(self, writer: Writes) -> None:
        self._writer = writer
        self._bounded = False
        self._way_s = 0.0
        self.took_s = 0.0

    async def begin(self, name: str) -> None:
        """Settle the session, and see that no other run is at it. Raises UserError."""
        await self._run(_PERMISSIVE, (), 10.0)
        await self._run(await self._isolation(), (), 10.0)
        self._bounded = await self._can_be_bounded()
        ways = []
        for _ in range(3):
            await self._run("SELECT 1", (), 10.0)
            ways.append(self.took_s)
        self._way_s = min(ways)
        if (await self.rows("SELECT GET_LOCK(%s, 20)", (name,), limit_s=30.0))[0][0] != 1:
            raise UserError("archive_busy", "another run is still at this archive on the database server",
                            "wait a minute and run it again")
        if (await self.rows("SELECT @@read_only", (), limit_s=10.0))[0][0] in (1, "ON"):
            raise UserError("archive_refused", "the database server is read only",
                            "run it on the one that is written to")

    async def rows(self, sql: str, parameters: Sequence[Cell] = (), *, limit_s: float) -> tuple[tuple[Any, ...], ...]:
        """Raises Slow, UserError, and tasks.wire.fenced.Unclear where the connection was lost."""
        bound = f"SET STATEMENT max_statement_time = {limit_s:g} FOR " if self._bounded and limit_s != OWN_S else ""
        return (await self._run(bound + sql, parameters, limit_s)).rows

    async def change(self, sql: str, parameters: Sequence[Cell] = (), *, limit_s: float) -> int:
        """How many rows were changed."""
        await self.rows(sql, parameters, limit_s=limit_s)
        return self._writer.affected

    async def _isolation(self) -> str:
        """Reads that lock nothing; where the binary log holds statements, InnoDB refuses to write under it (1665)."""
        told = await self._run("SELECT @@log_bin, @@binlog_format", (), 10.0)
        statements = str(told.rows[0][0]) in ("1", "ON") and str(told.rows[0][1]).upper() == "STATEMENT"
        return f"SET SESSION TRANSACTION ISOLATION LEVEL {'REPEATABLE READ' if statements else 'READ COMMITTED'}"

    async def _can_be_bounded(self) -> bool:
        """MariaDB ends any statement at its limit, MySQL only reads: there the size of the batches has to do."""
        try:
            await self._run(f"SET SESSION max_statement_time = {OWN_S:g}", (), 10.0)
        except StatementRefused as error:
            if error.errno != _UNKNOWN_VARIABLE:
                raise
            return False
        return True

    async def _run(self, sql: str, parameters: Sequence[Cell], limit_s: float) -> Rows:
        began = asyncio.get_running_loop().time()
        text, given = (sql, parameters) if parameters else (sql.replace("%%", "%"), ())
        try:
            return await self._writer.execute(text, given, limit_s=limit_s + _PATIENCE_S)
        except StatementRefused as error:
            if error.errno in _ENDED:
                raise Slow from None
            if error.errno in _CRASHED:
                raise UserError("cdr_crashed", "the table of calls is marked as crashed", "repair it first") from None
            raise
        finally:
            self.took_s = max(0.0, asyncio.get_running_loop().time() - began - self._way_s)
