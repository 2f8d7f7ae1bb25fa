"""Moving old calls to the archive: copied and proven, then deleted where the archive has the identical twin."""
from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial

from tasks.model.errors import UserError
from tasks.wire.cdr_archive.manifest import Batch, BatchState, added, batches, digest
from tasks.wire.cdr_archive.pace import Pace
from tasks.wire.cdr_archive.run import Run
from tasks.wire.cdr_archive.session import OWN_S, Slow

_MOST_RETRIES = 5               # of a batch whose rows change while they are copied


@dataclass(frozen=True)
class Archived:
    """What the archive holds when the run is over. ``changed`` rows were altered since they were copied, and stayed."""

    rows: int
    batches: int
    digest: str
    cutoff: str
    changed: int


async def archive(run: Run, cutoff: str) -> Archived:
    """Move the calls before ``cutoff`` (``2025-11-01 00:00:00``, on the system's clock); a begun archive keeps its own.

    Bears to be repeated after any interruption. Raises UserError, Unclear, and what ``may_go_on`` raises.
    """
    await run.db.change(run.sql.create_archive, limit_s=run.settings.opening_s)
    await run.db.change(run.sql.create_manifest, limit_s=OWN_S)
    await run.same_columns(all_of_calls=True)
    listed = await batches(run.db, run.sql)
    if any(batch.state is BatchState.RESTORED for batch in listed):
        raise UserError("archive_being_restored", f"the archive {run.layout.archive} is being put back",
                        "let the undoing finish first")
    if listed and listed[0].cutoff > cutoff:
        raise UserError("archive_begun", f"the archive {run.layout.archive} was begun for the calls before "
                        f"{listed[0].cutoff}, and fewer are agreed to now (before {cutoff})",
                        "agree with the client on what becomes of it; no row was lost")
    mover = _Mover(run, replace(run, pace=Pace.of(run.settings)), listed[0].cutoff if listed else cutoff)
    for batch in listed:
        if batch.state is BatchState.COPIED:
            await run.proven(batch)
            await mover.deleted(batch)
    await mover.walk(listed[-1].hi if listed else None)
    return await mover.concluded()


@dataclass
class _Mover:
    run: Run
    deleting: Run           # at a pace of its own: deleting a row takes longer than copying it
    cutoff: str
    rows: int = 0
    changed: int = 0

    async def walk(self, lo: int | None) -> None:
        """From the first key (or from ``lo``) to the last but one, whatever the dates: no index on them is needed."""
        run = self.run
        first, top = (await run.db.rows(run.sql.ends, limit_s=run.settings.opening_s))[0]
        if top is None:
            return
        at: int | None = int(first) - 1 if lo is None else lo
        while at is not None and at < int(top) - 1:
            await run.may_go_on(f"{self.rows:,} calls moved to {run.layout.archive}")
            at, batch = await run.try_hard(partial(self._copied, at, int(top)))
            if batch:
                await self.deleted(batch)
                self.rows += batch.seal.rows

    async def _copied(self, lo: int, top: int) -> tuple[int | None, Batch | None]:
        """The next range, and its batch where old calls were in it."""
        run, wanted = self.run, self.run.pace.rows
        told = await run.db.rows(run.sql.probe, (self.cutoff, lo, top, wanted), limit_s=run.settings.limit_s)
        last, rows, old = told[0]
        if last is None:
            return None, None
        if not old:
            run.pace.took(run.db.took_s, int(rows))
            return int(last), None
        for _ in range(_MOST_RETRIES):
            batch = await self._copy(lo, int(last), int(rows))
            if batch:
                return batch.hi, batch
        raise UserError("archive_halted", "old calls are being changed by another program, time and again; every row "
                        "is in its place", "find out which program writes to them")

    async def _copy(self, lo: int, hi: int, rows: int) -> Batch | None:
        """One transaction: the rows, and their line in the manifest; None where both sides were not alike."""
        run, keys = self.run, (lo, hi, self.cutoff)
        await run.db.change("START TRANSACTION", limit_s=OWN_S)
        try:
            slowest_s = 0.0
            here = await run.sealed(run.sql.seal_old, *keys)
            slowest_s = max(slowest_s, run.db.took_s)
            await run.db.change(run.sql.copy, keys, limit_s=run.settings.limit_s)
            slowest_s = max(slowest_s, run.db.took_s)
            there = await run.sealed(run.sql.seal_archived, lo, hi)
            batch = Batch(lo=lo, hi=hi, seal=there, state=BatchState.COPIED, cutoff=self.cutoff)
            if here != there:
                await run.db.change("ROLLBACK", limit_s=OWN_S)
                return None
            await added(run.db, run.sql, batch)
            await run.db.change("COMMIT", limit_s=OWN_S)
        except Slow:
            await run.db.change("ROLLBACK", limit_s=OWN_S)
            found = [one for one in await batches(run.db, run.sql) if one.lo == lo]
            if found:               # it was the answer to the commit that came too late
                return found[0]
            raise
        run.pace.took(max(slowest_s, run.db.took_s), rows)
        await run.rest(slowest_s)
        return batch

    async def deleted(self, batch: Batch) -> None:
        """Its rows gone from the calls, but for those that were changed since: they are taken out of the archive."""
        await asyncio.sleep(self.run.settle_s)
        await self.deleting.bites(batch, self.run.sql.delete)
        self.changed += await self.run.try_hard(lambda: self.run.settled(batch))

    async def concluded(self) -> Archived:
        """Every batch asked once more: a server that crashed may have brought back rows of a table like MyISAM's."""
        run = self.run
        for batch in await batches(run.db, run.sql):
            await run.may_go_on(f"{self.rows:,} calls moved to {run.layout.archive}; looking for what is left")
            if (await run.db.rows(run.sql.in_both, batch.keys, limit_s=OWN_S))[0][0]:
                await run.proven(batch)
                await self.deleted(batch)
        listed = await batches(run.db, run.sql)
        rows = sum(batch.seal.rows for batch in listed)
        return Archived(rows, len(listed), digest(listed), self.cutoff, self.changed)
