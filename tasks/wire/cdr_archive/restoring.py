"""The archived calls back among the others: each exactly once, proven; then the archive goes."""
from __future__ import annotations

from dataclasses import dataclass, replace

from tasks.model.errors import UserError
from tasks.wire.cdr_archive.layout import columns_of
from tasks.wire.cdr_archive.manifest import Batch, BatchState, batches, digest, updated
from tasks.wire.cdr_archive.run import Run
from tasks.wire.cdr_archive.session import OWN_S
from tasks.wire.cdr_archive.statements import Statements


@dataclass(frozen=True)
class Restored:
    rows: int
    batches: int


async def restore(run: Run, *, expected_digest: str | None = None) -> Restored:
    """Put every batch back and drop the archive. A column that the calls got since takes its default.

    The keys are those that the rows had: the counter stays where it is. ``expected_digest``: what Uplift noted when
    the archive was made. Raises UserError where archive and manifest disagree, or a key was given to another call.
    """
    there = await columns_of(run.db, run.layout.archive, limit_s=OWN_S)
    if not there:
        return Restored(0, 0)           # a run before this one had come to the end
    await run.same_columns(all_of_calls=False)
    known = {column.name.lower() for column in there}
    columns = tuple(column for column in run.layout.columns if column.name.lower() in known)
    run = replace(run, sql=Statements(replace(run.layout, columns=columns)))
    listed = await batches(run.db, run.sql)
    untouched = all(batch.state is BatchState.MOVED for batch in listed)
    if untouched and expected_digest is not None and digest(listed) != expected_digest:
        raise UserError("archive_changed", f"the list of batches of {run.layout.archive} is not the one that was noted",
                        "find out what changed it; nothing was put back")
    rows = 0
    for batch in listed:
        await run.may_go_on(f"{rows:,} calls put back from {run.layout.archive}")
        if batch.state is not BatchState.RESTORED or await _missing(run, batch):
            await _back(run, batch)
        rows += batch.seal.rows
    return Restored(rows, len(listed))


async def drop(run: Run) -> None:
    """The archive last: where it is gone, everything is back. ``restore`` must have ended before."""
    if await columns_of(run.db, run.layout.archive, limit_s=OWN_S):
        left = [batch for batch in await batches(run.db, run.sql) if batch.state is not BatchState.RESTORED]
        if left:
            raise UserError("archive_not_restored", f"{len(left)} batches are not back yet", "run the undoing again")
    for statement in run.sql.drop:
        await run.db.change(statement, limit_s=OWN_S)


async def _missing(run: Run, batch: Batch) -> bool:
    """Noted as restored by a run before this one, but a crash has since taken rows of a table like MyISAM's."""
    return bool((await run.db.rows(run.sql.in_both, batch.keys, limit_s=OWN_S))[0][0] != batch.seal.rows)


async def _back(run: Run, batch: Batch) -> None:
    if batch.state is BatchState.COPIED:        # the archiving was given up half-way
        await run.try_hard(lambda: run.settled(batch))
        batch = next(one for one in await batches(run.db, run.sql) if one.lo == batch.lo)
    await run.proven(batch)
    await run.bites(batch, run.sql.restore)
    alike = (await run.db.rows(run.sql.identical, batch.keys, limit_s=OWN_S))[0][0]
    if alike != batch.seal.rows:
        met = f"{batch.seal.rows - alike} of the archived calls with keys {batch.lo + 1} to {batch.hi}"
        raise UserError("archive_conflict", f"{met} meet other rows of the same keys",
                        "see which are right; the archive is kept")
    await updated(run.db, run.sql, batch, BatchState.RESTORED, batch.seal)
