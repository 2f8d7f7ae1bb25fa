"""What is seen of a system immediately before a change, for the guards of ``tasks.rules.gate``."""
from __future__ import annotations

import asyncio
from datetime import timedelta

from tasks.model.asterisk_facts import Channels
from tasks.model.case import BackupKind, BackupProof, Guard, IdentityMarks
from tasks.model.errors import UserError
from tasks.model.serverware import ServerwareError, Trouble, VpsState
from tasks.rules.callers import calls_to_cut
from tasks.rules.gate import Refusal, Seen, may_change
from tasks.rules.occasion import occasion_of
from tasks.steps.case_site import Site
from tasks.steps.evidence import evidence_of
from tasks.steps.inspection import Inspection, inspect
from tasks.steps.vps import answering, serverware, vps_id_of
from tasks.steps.work import Work, resource_of
from tasks.wire.ssh import NoContact
from tasks.wire.upgrader import status

CALLS_END = timedelta(minutes=30)       # how long an upgrade waits for people to end their calls
LOOK_AGAIN = timedelta(seconds=30)


def fence_of(work: Work) -> str:
    """The name of this plan revision's one launch, on the system and in the case."""
    launch = work.case.launch
    return launch.fence if launch else f"{work.case.id}-{work.case.plan_revision}"


async def guards(work: Work, site: Site) -> tuple[tuple[Refusal, ...], Inspection]:
    """Every guard asked of the system as it is now: the refusals, and the inspection that they rest on."""
    vps_id = await seen_vps(site)
    occasion = occasion_of(work.case, work.step, work.now())
    inspection = await inspect(site, work.case, work.now, vps_id, occasion=occasion, ahead=await work.ahead())
    seen = await looked(work, site, inspection=inspection, identity=inspection.identity)
    return may_change(work.case, work.step, seen, work.now()), inspection


async def guards_of_a_quiet_system(work: Work, site: Site) -> tuple[tuple[Refusal, ...], Inspection]:
    """The guards; while calls are all that they refuse for, they are asked again until the calls have ended.

    Each time anew and whole, so that the window's latest start ends the waiting; at the longest it is CALLS_END.
    """
    until, told = work.now() + CALLS_END, False
    while True:
        refusals, inspection = await guards(work, site)
        waits = {refusal.guard for refusal in refusals} == {Guard.CALLS} and not work.case.stop_asked
        if not waits or work.now() + LOOK_AGAIN > until:
            return refusals, inspection
        if not told:
            await work.note(f"{refusals[0].reason}: waiting for their end until {until:%H:%M} UTC at the latest")
            told = True
        await asyncio.sleep(LOOK_AGAIN.total_seconds())


async def looked(
    work: Work, site: Site, *, identity: IdentityMarks, inspection: Inspection | None = None
) -> Seen:
    """Case, hold and lease are read anew, last of all: what was seen first is the oldest."""
    migration_running = await running_migration(work, site)
    backup_found = await found_backup(site, work.case.backup) if work.case.backup else None
    case, hold, token, database_now = await asyncio.to_thread(_of_database, work)
    work.case = case
    ahead = work.now() - database_now       # of the database's clock, where a rehearsal has one of its own
    return Seen(
        facts_at=inspection.facts_at if inspection else None,
        identity=identity,
        lease=work.lease.model_copy(update={"expires_at": work.lease.expires_at + ahead}),
        lease_token=token,
        window=case.window,
        backup=case.backup,
        backup_found=backup_found,
        digest_now=inspection.plan.digest if inspection else None,
        migration_running=migration_running,
        hold=hold,
        clock_offset=inspection.clock_offset if inspection else None,
        verdict_now=inspection.plan.verdict if inspection else None,
        plan_now=inspection.plan if inspection else None,
        calls_up=calls_to_cut(inspection.known.get(Channels), site.profile) if inspection else None,
    )


async def seen_vps(site: Site) -> str | None:
    """Which VPS answers, for the guard of identity; None where SERVERware does not tell it."""
    try:
        return await answering(site)
    except ServerwareError:
        return None


async def running_migration(work: Work, site: Site) -> bool | None:
    """Whether a migration runs there; None where it could not be told. A VPS that is stopped runs none."""
    try:
        async with site.connected(change=True) as connection:
            return (await status(connection, site.profile, fence_of(work))).migration_running
    except NoContact:
        pass
    if site.system.serverware is None:
        return None
    try:
        async with serverware(site) as client:
            stopped = (await client.vps(vps_id_of(site))).state is VpsState.STOPPED
    except ServerwareError:
        return None
    return False if stopped else None


async def found_backup(site: Site, proof: BackupProof) -> bool | None:
    """Whether the backup is where it should be at this moment; None where it could not be told."""
    if proof.kind is BackupKind.ACCEPTED:
        return None
    if proof.kind is BackupKind.ATTESTED:
        try:
            await evidence_of(site, proof.ref)
        except (UserError, NoContact):
            return False
        return True
    try:
        async with serverware(site) as client:
            clone = await client.clone_ref(proof.ref)
    except ServerwareError as error:
        return False if error.trouble is Trouble.NOT_FOUND else None
    return clone.complete and clone.of == vps_id_of(site)


def _of_database(work: Work):  # type: ignore[no-untyped-def]  # case, hold, newest token, its time
    store = work.store
    return store.case(work.case.id), store.hold(), store.newest_token(resource_of(work.case)), store.now()
