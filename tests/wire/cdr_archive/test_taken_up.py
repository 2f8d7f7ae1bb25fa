"""An archive that is taken up again: for what is agreed to now, and after a crash that took rows."""
from __future__ import annotations

import pytest

from tasks.model.errors import UserError
from tasks.wire.cdr_archive.archiving import archive
from tasks.wire.cdr_archive.restoring import restore
from tasks.wire.fenced import Unclear
from tests.wire.cdr_archive.conftest import Calls
from tests.wire.cdr_archive.test_moving import EVERY, committed, made, moved, put_back, statements


async def test_an_archive_begun_for_more_calls_than_are_agreed_to_now_is_not_gone_on_with(calls: Calls) -> None:
    made(calls, rows=100)
    with pytest.raises(Unclear):
        await moved(calls, kill_at=committed(await statements(calls, "COMMIT")))
    before = calls.read(EVERY)
    async with calls.running() as run:
        with pytest.raises(UserError, match="begun for the calls before 2026-01-01 00:00:00"):
            await archive(run, "2025-01-01 00:00:00")
    assert calls.read(EVERY) == before


async def test_rows_that_a_crash_took_after_they_were_put_back_are_put_back_again(calls: Calls) -> None:
    """A batch is noted as restored on the disk while MyISAM's rows are still in the system's cache."""
    made(calls, "MyISAM", rows=100)
    before = calls.read(EVERY)
    done = await moved(calls)
    async with calls.running() as run:
        await restore(run, expected_digest=done.digest)     # and the power fails before the archive goes
    calls.run("DELETE FROM cdr WHERE AcctId IN (2, 3, 40)")
    await put_back(calls, done.digest)
    assert calls.read(EVERY) == before
