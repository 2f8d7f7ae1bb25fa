"""Move old calls out of the CDR table into an archive table of the same schema, and back: ``tasks.wire.cdr_archive``.

The table of calls is rebuilt by the upgrade while phones are silent; rows that are not in it cost no time. Its file
does not shrink by this: the upgrade's own rebuild gives the space back. Rows never leave the database; Uplift keeps
counts and digests. Every statement goes through the SSH connection, with the login of pbxware.ini in memory only.
"""
from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import asyncssh

from tasks.analysis.duration import rows_within
from tasks.model.answer import Answer, Silence
from tasks.model.errors import UserError
from tasks.model.finding import Quantity
from tasks.model.preview import Preview
from tasks.model.profile import Profile
from tasks.wire.cdr_archive.archiving import archive
from tasks.wire.cdr_archive.asking import Reading
from tasks.wire.cdr_archive.layout import read_layout
from tasks.wire.cdr_archive.measuring import PROBE_S, Amount, as_written, cutoff_of, measured
from tasks.wire.cdr_archive.restoring import drop, restore
from tasks.wire.cdr_archive.run import Hooks, Run
from tasks.wire.cdr_archive.session import Database
from tasks.wire.fenced import Unclear, still_ours
from tasks.wire.mysql import CREDENTIALS, NoDatabase, credentials_question, read_credentials, session
from tasks.wire.mysql_write import writing
from tasks.wire.remedies.diary import fence_of, on_system
from tasks.wire.remedies.remedy import Done, Ground, Remedy, Sight
from tasks.wire.shell import Question
from tasks.wire.shell_channel import ask_all

ID = "archive_old_cdr"
_ASK_S = 15.0
_LOOK_EVERY_S = 5.0             # at the disk, and at what the system has seen of leases
_MAX_BYTES = 4_000_000


async def preview(sight: Sight) -> Preview:
    """Counted by probing, with the login that may only read."""
    settings = sight.profile.cdr_archive
    cutoff = cutoff_of(sight.now, sight.system.zone, settings.keep_months)
    nothing = partial(Preview, remediation_id=ID, newest=cutoff)
    try:
        amount = await _amount(sight, as_written(cutoff))
        free, size = await _disk(sight.connection, sight.profile)
    except (UserError, Unclear) as error:
        return nothing(lines=(), trouble=str(error))
    trouble = "" if amount.old_rows else f"there are no calls from before {cutoff:%-d %B %Y}"
    return nothing(
        lines=_lines(amount, cutoff, free, sight.profile) if amount.old_rows else (), items=amount.old_rows,
        size_bytes=amount.archive_bytes, trouble=trouble or _short(amount.archive_bytes, free, size, sight.profile),
    )


async def carry_out(ground: Ground) -> Done:
    """Raises UserError where the table's rows cannot be moved safely, the disk is short or the database too busy."""
    cutoff = as_written(_agreed_cutoff(ground))
    async with _run(ground, _archive_of(ground)) as run:
        amount = await measured(run.db, run.layout, cutoff)
        free, size = await _disk(ground.connection, ground.profile)
        if short := _short(amount.archive_bytes, free, size, ground.profile):
            raise UserError("archive_no_room", short, "make room there, and release the case")
        done = await archive(run, cutoff)
    where = f"the table {run.layout.archive}, in {done.batches:,} batches"
    changed = f"; {done.changed:,} that were changed meanwhile stayed" if done.changed else ""
    summary = f"{done.rows:,} calls from before {done.cutoff} are in {where}, each counted and checksummed before "
    summary += f"it was deleted{changed} (digest {done.digest[:16]})"
    return Done(summary=summary, undo=f"{run.layout.archive} {done.digest}")


async def undo(ground: Ground, token: str) -> str:
    """Raises UserError where the archive is not as it was made, or a call has taken an archived one's key."""
    name, _, digest = token.partition(" ")
    async with _run(ground, name) as run:
        restored = await restore(run, expected_digest=digest or None)
        await on_system(ground, "sync")         # MyISAM leaves its rows to the system's cache
        await drop(run)
    if not restored.rows:
        return f"the table {name} is not there any more: its calls had been put back"
    return f"{restored.rows:,} calls are back in their table, each proven; {name} is gone"


REMEDY = Remedy(ID, preview, carry_out, undo)


def _archive_of(ground: Ground) -> str:
    """One archive for each carrying out: whoever takes one up finds what is there of it."""
    case = ground.case_id.lower().replace("-", "_")
    return f"{ground.profile.cdr_archive.table_prefix}{case}_{ground.action.rpartition('-')[2]}"


def _agreed_cutoff(ground: Ground) -> datetime:
    """That of the preview which was agreed to, even where a month has begun since."""
    if ground.agreed and ground.agreed.newest:
        return ground.agreed.newest.astimezone(ground.system.zone)
    return cutoff_of(ground.now, ground.system.zone, ground.profile.cdr_archive.keep_months)


@asynccontextmanager
async def _run(ground: Ground, archive_name: str) -> AsyncIterator[Run]:
    fence = fence_of(ground)
    looked_at = -_LOOK_EVERY_S

    async def look() -> None:
        nonlocal looked_at
        if (now := asyncio.get_running_loop().time()) - looked_at >= _LOOK_EVERY_S:
            looked_at = now
            await still_ours(ground.connection, fence)
            short = _short(0, *await _disk(ground.connection, ground.profile), ground.profile)
            if short:
                raise UserError("archive_no_room", short, "make room there, and release the case")

    await still_ours(ground.connection, fence)
    async with writing(ground.connection, ground.profile) as writer:
        hooks = Hooks(ground.still_mine, look, ground.progress)
        table = ground.profile.database.cdr_table
        yield await Run.of(Database(writer), ground.profile.cdr_archive, hooks, table=table, archive=archive_name)


async def _amount(sight: Sight, cutoff: str) -> Amount:
    database = sight.profile.database
    answer = await _asked(sight.connection, CREDENTIALS, credentials_question(sight.profile))
    try:
        login = read_credentials(answer, database)
        async with session(sight.connection, login, database.name, max_bytes=_MAX_BYTES) as asking:
            reading = Reading(asking)
            layout = await read_layout(reading, database.cdr_table, "", limit_s=PROBE_S)
            return await measured(reading, layout, cutoff)
    except NoDatabase as error:
        raise UserError("no_database", f"there is no session with the database: {error}", "") from None


async def _disk(connection: asyncssh.SSHClientConnection, profile: Profile) -> tuple[int, int]:
    """Free bytes and size of the file system with the database's files. Raises Unclear where it was not told."""
    question = Question("disk", f"df -Pk -- {shlex.quote(profile.paths.database_files)} | tail -n 1", 10.0)
    answer = await _asked(connection, "disk", question)
    words = answer.stdout.split() if isinstance(answer, Answer) else []
    if len(words) < 6 or not (words[1] + words[3]).isdigit():
        raise Unclear("the room on the disk of the database was not told")
    return int(words[3]) * 1024, int(words[1]) * 1024


async def _asked(connection: asyncssh.SSHClientConnection, name: str, question: Question) -> Answer | Silence:
    told: dict[str, Answer | Silence] = {}
    until = asyncio.get_running_loop().time() + _ASK_S
    await ask_all(connection, (question,), told, until=until, max_bytes=100_000)
    return told[name]


def _short(need: int, free: int, size: int, profile: Profile) -> str:
    """Why the archive does not fit; "" where it does, with the running system's reserve left."""
    reserve = round(size * profile.space.reserve_fraction)
    if free - reserve >= need:
        return ""
    needed, there = Quantity(value=need + reserve, unit="bytes"), Quantity(value=free, unit="bytes")
    return f"{there} are free at {profile.paths.database_files}, and {needed} are needed with the reserve"


def _lines(amount: Amount, cutoff: datetime, free: int, profile: Profile) -> tuple[str, ...]:
    need, room = Quantity(value=amount.archive_bytes, unit="bytes"), Quantity(value=free, unit="bytes")
    fit = rows_within(profile.estimate.promised_downtime_s, amount.table, profile)
    enough = "" if amount.kept_rows <= fit else ", so that the upgrade still takes longer than planned"
    minutes = max(1, round(amount.old_rows / profile.cdr_archive.rows_per_s / 60))
    return (
        f"About {amount.old_rows:,} calls from before {cutoff:%-d %B %Y} are moved to an archive table in the same "
        "database (an estimate: the table is not read for it).",
        f"About {amount.kept_rows:,} calls stay; up to {fit:,} fit into the planned time{enough}.",
        f"It takes about {minutes:,} min. Phones keep working: a new call's record waits "
        f"{profile.cdr_archive.limit_s:g} s at most.",
        f"The archive takes about {need} of the disk, where {room} are free. The file of the table of calls itself "
        "does not get smaller before the upgrade, which writes it anew.",
        "Reports do not show the archived calls until they are moved back.",
    )
