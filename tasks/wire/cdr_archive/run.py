"""What archiving and restoring share: the session, the batches' pace, patience with a busy database, when to halt."""
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from tasks.model.errors import UserError
from tasks.model.profile_archive import CdrArchive
from tasks.wire.cdr_archive.layout import Layout, columns_of, read_layout
from tasks.wire.cdr_archive.manifest import Batch, BatchState, Seal, updated
from tasks.wire.cdr_archive.pace import Pace
from tasks.wire.cdr_archive.session import OWN_S, Database, Slow
from tasks.wire.cdr_archive.statements import Statements

_TELL_S = 20.0
T = TypeVar("T")


@dataclass(frozen=True)
class Hooks:
    """Awaited before each batch. ``may_go_on`` raises where the run must halt, ``room`` where the disk is short."""

    may_go_on: Callable[[], Awaitable[None]]
    room: Callable[[], Awaitable[None]]
    progress: Callable[[str], Awaitable[None]]


@dataclass
class Run:
    db: Database
    sql: Statements
    settings: CdrArchive
    hooks: Hooks
    pace: Pace
    settle_s: float = 0.0       # from a commit until it is on the disk
    _since: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _told: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    @classmethod
    async def of(cls, db: Database, settings: CdrArchive, hooks: Hooks, *, table: str, archive: str) -> Run:
        """Raises UserError where another run is at it, or the table is none whose rows can be moved."""
        await db.begin(f"uplift {archive}"[:64])
        layout = await read_layout(db, table, archive, limit_s=settings.opening_s)
        settle_s = 0.0 if layout.engine.lower() == "innodb" else await _settle_s(db)
        return cls(db, Statements(layout), settings, hooks, Pace.of(settings), settle_s)

    @property
    def layout(self) -> Layout:
        return self.sql.layout

    async def may_go_on(self, done: str) -> None:
        await self.hooks.may_go_on()
        await self.hooks.room()
        now = asyncio.get_running_loop().time()
        if now - self._told >= _TELL_S:
            self._told = now
            await self.hooks.progress(done)

    async def try_hard(self, once: Callable[[], Awaitable[T]]) -> T:
        """Repeat what a busy database has ended, smaller and after a while. Raises UserError when patience is over."""
        while True:
            try:
                result = await once()
            except Slow:
                await self._back_off()
                continue
            self._since = asyncio.get_running_loop().time()
            return result

    async def _back_off(self) -> None:
        self.pace.too_slow()
        if asyncio.get_running_loop().time() - self._since > self.settings.patience_s:
            raise UserError("archive_halted", f"the database has been too busy for {self.settings.patience_s:g} s; "
                            "every row is in its place", "run it again at a quieter time") from None
        await asyncio.sleep(self.settings.limit_s)

    async def rest(self, elapsed_s: float) -> None:
        await asyncio.sleep(self.pace.rest_s(elapsed_s))

    async def sealed(self, statement: str, *parameters: int | str) -> Seal:
        told = await self.db.rows(statement, parameters, limit_s=self.settings.limit_s)
        return Seal.told(told[0])

    async def archived(self, batch: Batch) -> Seal:
        """As the archive holds it now; nobody waits for a table of our own."""
        return Seal.told((await self.db.rows(self.sql.seal_archived, batch.keys, limit_s=OWN_S))[0])

    async def bites(self, batch: Batch, statement: str) -> int:
        """Run ``statement`` over the batch's archived rows, as many at a time as may be; how many rows it changed."""
        at, changed = batch.lo, 0
        while at < batch.hi:
            last, affected = await self.try_hard(partial(self._bite, statement, at, batch.hi))
            at, changed = last, changed + affected
        return changed

    async def _bite(self, statement: str, at: int, hi: int) -> tuple[int, int]:
        rows = self.pace.rows
        last = (await self.db.rows(self.sql.bite, (at, hi, rows), limit_s=OWN_S))[0][0]
        if last is None:
            return hi, 0
        affected = await self.db.change(statement, (at, int(last)), limit_s=self.settings.limit_s)
        took_s = self.db.took_s
        self.pace.took(took_s, rows)
        await self.rest(took_s)
        return int(last), affected

    async def settled(self, batch: Batch) -> int:
        """The batch is MOVED: what stands among the calls as well goes out of the archive, in one transaction.

        How many rows that were. After the batch's deletion it is those that were changed since they were copied.
        """
        if not (await self.db.rows(self.sql.in_both, batch.keys, limit_s=OWN_S))[0][0]:
            await updated(self.db, self.sql, batch, BatchState.MOVED, batch.seal)
            return 0
        await self.db.change("START TRANSACTION", limit_s=OWN_S)
        try:
            gone = await self.db.change(self.sql.forget_stale, batch.keys, limit_s=OWN_S)
            await updated(self.db, self.sql, batch, BatchState.MOVED, await self.archived(batch))
            await self.db.change("COMMIT", limit_s=OWN_S)
        except Slow:
            await self.db.change("ROLLBACK", limit_s=OWN_S)
            raise
        return gone

    async def proven(self, batch: Batch) -> None:
        """Raises UserError where the archive is not as the manifest says."""
        if await self.archived(batch) != batch.seal:
            raise UserError("archive_changed", f"the archive {self.layout.archive} is not as it was written, at keys "
                            f"{batch.lo + 1} to {batch.hi}", "find out what changed it; these rows were left alone")

    async def same_columns(self, *, all_of_calls: bool) -> None:
        """The archive's columns must be those of the calls; after an upgrade the calls may have more of them."""
        there = await columns_of(self.db, self.layout.archive, limit_s=OWN_S)
        here = {column.kind for column in self.layout.columns}
        odd = [column.name for column in there if column.kind not in here]
        if odd or (all_of_calls and len(there) != len(here)):
            which = f"its column {odd[0]}" if odd else "its number of columns"
            raise UserError("archive_differs", f"the archive {self.layout.archive} does not fit the table of calls: "
                            f"{which} is another", "see what was changed since, and move the rows by hand")


async def _settle_s(db: Database) -> float:
    """A server may be set to write InnoDB's log once a second: rows of MyISAM must not be deleted before it did."""
    told = await db.rows("SELECT @@innodb_flush_log_at_trx_commit, @@innodb_flush_log_at_timeout", limit_s=10.0)
    at_commit, every_s = told[0]
    return 0.0 if int(at_commit) in (1, 3) else float(every_s) + 0.3
