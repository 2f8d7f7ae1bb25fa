"""The list of an archive's batches, as it stands in the database beside the archive."""
from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

from tasks.model.finding import Frozen
from tasks.wire.cdr_archive.session import OWN_S, Database
from tasks.wire.cdr_archive.statements import Statements


class BatchState(StrEnum):
    COPIED = "copied"           # in the archive, proven; what of it is still among the calls is to be deleted
    MOVED = "moved"             # in the archive only
    RESTORED = "restored"       # among the calls again, proven; the archive's copy counts no more


class Seal(Frozen):
    """How many rows, and 128 bits of checksum over every byte of theirs."""

    rows: int
    checksum: str

    @classmethod
    def told(cls, row: tuple[int, int, int]) -> Seal:
        return cls(rows=int(row[0]), checksum=f"{int(row[1]):016x}{int(row[2]):016x}")


class Batch(Frozen):
    """The archived rows with keys above ``lo``, up to ``hi``."""

    lo: int
    hi: int
    seal: Seal
    state: BatchState
    cutoff: str

    @property
    def keys(self) -> tuple[int, int]:
        return self.lo, self.hi


async def batches(db: Database, sql: Statements) -> tuple[Batch, ...]:
    told = await db.rows(sql.batches, limit_s=OWN_S)
    return tuple(
        Batch(lo=int(lo), hi=int(hi), seal=Seal(rows=rows, checksum=seal), state=BatchState(state), cutoff=cutoff)
        for lo, hi, rows, seal, state, cutoff in told
    )


async def added(db: Database, sql: Statements, batch: Batch) -> None:
    given = (*batch.keys, batch.seal.rows, batch.seal.checksum, batch.state, batch.cutoff)
    await db.change(sql.add_batch, given, limit_s=OWN_S)


async def updated(db: Database, sql: Statements, batch: Batch, state: BatchState, seal: Seal) -> Batch:
    await db.change(sql.set_batch, (seal.rows, seal.checksum, state, batch.lo), limit_s=OWN_S)
    return batch.model_copy(update={"state": state, "seal": seal})


def digest(listed: Iterable[Batch]) -> str:
    """SHA-256 over every batch's range, count and checksum: what Uplift keeps of an archive."""
    lines = "".join(f"{b.lo} {b.hi} {b.seal.rows} {b.seal.checksum}\n" for b in listed)
    return hashlib.sha256(lines.encode()).hexdigest()
