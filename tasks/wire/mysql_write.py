"""A session with a system's database that may write: for remedies that were agreed to, behind the guards.

``tasks.wire.mysql`` stays read only. Here too: through the SSH connection, one statement at a time, no wait for a lock
beyond a few seconds, and an answer that is lost is never taken for a success.
"""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncssh
import pymysql

from tasks.model.answer import Answer, Cell, Rows, Silence
from tasks.model.errors import UserError
from tasks.model.profile import Profile
from tasks.wire.fenced import Unclear
from tasks.wire.mysql import (
    CREDENTIALS,
    FAILURES,
    NoDatabase,
    cell,
    credentials_question,
    opened,
    read_credentials,
    silence_of,
)
from tasks.wire.shell_channel import ask_all

LOCK_WAIT_S = 3
_GRACE_S = 2.0
_MAX_BYTES = 64_000_000
_FAREWELL_S = 1.0
_NET_S = 4 * 3600.0                     # of the driver itself; each statement has a limit of its own far below it
_LOST = (2006, 2013, 2014, 2055, 0)     # the driver's words for a connection that ended: nobody knows what was done


class StatementRefused(UserError):
    """The server said no, and nothing of the statement holds. ``errno`` is the server's number of the error."""

    def __init__(self, errno: int, message: str) -> None:
        super().__init__("database_refused", message, "see to it on the system, and release the case")
        self.errno = errno


class Writer:
    """``execute`` gives the rows that a statement answers with; ``affected`` is of the last one."""

    def __init__(self, connection: pymysql.Connection[Any]) -> None:
        self._connection = connection
        self._busy = asyncio.Lock()
        self.affected = 0
        self.lost = False

    async def execute(self, sql: str, parameters: Sequence[Cell | bytes] = (), *, limit_s: float) -> Rows:
        """One statement. Raises StatementRefused, or Unclear where the answer was lost or did not come in time."""
        async with self._busy:
            if self.lost:
                raise Unclear("the session with the database has ended")
            try:
                async with asyncio.timeout(limit_s + _GRACE_S):
                    return await asyncio.to_thread(self._run, sql, tuple(parameters))
            except TimeoutError:
                self.lost = True
                raise Unclear(f"the database did not answer within {limit_s:g} s") from None
            except pymysql.Error as error:
                number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
                if number in _LOST or isinstance(error, pymysql.InterfaceError) or not self._connection.open:
                    self.lost = True
                    raise Unclear("the connection with the database was lost") from None
                raise StatementRefused(number, silence_of(error, limit_s).detail) from None
            except FAILURES:
                self.lost = True
                raise Unclear("the connection with the database was lost") from None

    def _run(self, sql: str, parameters: tuple[Any, ...]) -> Rows:
        with self._connection.cursor() as cursor:
            self.affected = cursor.execute(sql, parameters or None)
            columns = tuple(column[0] for column in cursor.description or ())
            return Rows(columns=columns, rows=tuple(tuple(map(cell, row)) for row in cursor.fetchall()))


@asynccontextmanager
async def writing(
    connection: asyncssh.SSHClientConnection, profile: Profile, *, lock_wait_s: int = LOCK_WAIT_S
) -> AsyncIterator[Writer]:
    """A session that may write, with the login of pbxware.ini. Raises UserError where there is none to be had.

    Every statement is a transaction of its own unless one is begun; one that was not committed ends with the session.
    """
    try:
        told: dict[str, Answer | Silence] = {}
        until = asyncio.get_running_loop().time() + 15.0
        await ask_all(connection, (credentials_question(profile),), told, until=until, max_bytes=100_000)
        login = read_credentials(told[CREDENTIALS], profile.database)
        statements = (
            "SET SESSION TRANSACTION READ WRITE",
            f"SET SESSION lock_wait_timeout = {lock_wait_s}, SESSION innodb_lock_wait_timeout = {lock_wait_s}",
        )
        async with opened(
            connection, login, profile.database.name, statements, max_bytes=_MAX_BYTES, net_s=_NET_S
        ) as session:
            writer = Writer(session)
            yield writer
            if not writer.lost:
                with suppress(TimeoutError, pymysql.Error, OSError):
                    async with asyncio.timeout(_FAREWELL_S):
                        await asyncio.to_thread(session.close)
    except NoDatabase as error:
        raise UserError("no_database", f"there is no session with the database: {error}",
                        "see to it on the system, and release the case") from None
