"""Back to the backup: preconditions first, then the clone in the place of the system, verified by release and call."""
from __future__ import annotations

import asyncio

from tasks.model.case import BackupKind, BackupProof, IdentityMarks
from tasks.model.errors import UserError
from tasks.model.event import RevertDone
from tasks.model.fact import Unknown
from tasks.model.facts import AsteriskVersion, Identity, Platform
from tasks.model.release import Release
from tasks.model.serverware import CloneRef
from tasks.model.sweep import Limits
from tasks.model.upgrade import NotStarted
from tasks.rules.gate import may_change
from tasks.rules.known import known_from
from tasks.steps.case_site import Site
from tasks.steps.guarded import fence_of, looked, seen_vps
from tasks.steps.look import call
from tasks.steps.vps import serverware, vps_id_of
from tasks.steps.work import Work
from tasks.wire.serverware import Serverware
from tasks.wire.ssh import NoContact
from tasks.wire.upgrader import status
from tasks.wire.visit import visit

_PAUSE_S = 2.0
_WAIT_S = 300.0


async def revert(work: Work) -> RevertDone:
    """Raises UserError where a guard or a precondition refuses, or the restored system does not do what it did."""
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    if site.system.serverware is not None:
        async with serverware(site) as client:      # a restore that a dead run has asked for comes to its end
            await client.wait_idle(vps_id_of(site))
    if await _is_back(work, site):
        await work.note("the system is as it was before the launch; nothing is restored")
    else:
        await _restored(work, site)
    release = await _verified(work, site)
    return RevertDone(**work.reported(), release=release)


async def _is_back(work: Work, site: Site) -> bool:
    """Whether the system neither runs the target nor knows of the launch: nothing began, or a restore has been made.

    One that its client has restored may still be starting, and is waited for.
    """
    until = asyncio.get_running_loop().time() + (_WAIT_S if site.system.serverware is None else 0)
    while True:
        try:
            async with site.connected(change=True) as connection:
                seen = await status(connection, site.profile, fence_of(work))
            break
        except NoContact:
            if asyncio.get_running_loop().time() > until:
                return False
            await asyncio.sleep(_PAUSE_S)
    state, release = seen.state, seen.evidence.release
    untouched = isinstance(state, NotStarted) and not state.fenced and not state.platform_busy
    return untouched and release is not None and release != work.case.target


async def _restored(work: Work, site: Site) -> None:
    proof = work.case.backup
    if proof is None or proof.kind is not BackupKind.CLONE:
        raise UserError("restored_by_client", "this backup is the client's own to restore"
                        + (f" ({proof.ref})" if proof else ""),
                        "have the client restore it, then release the case so that it is verified")
    vps_id = await seen_vps(site)
    seen = await looked(work, site, identity=await _marks(work, site, vps_id))
    refusals = may_change(work.case, work.step, seen, work.now())
    if refusals:
        raise UserError("guards_refuse", "the guards refuse the revert: " + " ".join(map(str, refusals)),
                        "deal with each of them and release the case")
    async with serverware(site) as client:
        clone = await _clone_of(client, proof, vps_id_of(site))
        await client.check_restore(vps_id_of(site), clone)
        await work.note(f"the restore of {clone.label} is asked for; what the system became since is lost by it")
        await client.restore(vps_id_of(site), clone)


async def _clone_of(client: Serverware, proof: BackupProof, vps_id: str) -> CloneRef:
    """The clone of the proof, and no other that took its id since."""
    clone = await client.clone_ref(proof.ref)
    if clone.of != vps_id or (clone.taken_at is not None and clone.taken_at != proof.taken_at):
        raise UserError("backup_is_another", f"VPS {proof.ref} is not the clone that the case has proven",
                        "look at SERVERware for it")
    return clone


async def _marks(work: Work, site: Site, vps_id: str | None) -> IdentityMarks:
    recording = await visit(site.system, site.profile, site.login(), limits=Limits(), mysql=False, now=work.now)
    machine = known_from(recording).get(Identity)
    return IdentityMarks(
        host_key=recording.contact.host_key, machine_id=None if isinstance(machine, Unknown) else machine.machine_id,
        vps_id=vps_id,
    )


async def _verified(work: Work, site: Site) -> Release:
    """The release that runs now and an echo call that is good; a system that is starting is waited for."""
    release, asterisk = await _running(work, site)
    await work.note(f"the system runs {release} with Asterisk {asterisk}")
    if release == work.case.target:
        return release                  # the lifecycle says what is to be done then
    heard = await call(site)
    if heard is not None and not heard.ok:
        raise UserError("revert_not_verified", f"the system runs {release} again and its echo call fails: "
                        f"{heard.summary}", "see what it lacks, then release the case to verify it again")
    await work.note(heard.summary if heard else "the client has given no extension for an echo call")
    return release


async def _running(work: Work, site: Site) -> tuple[Release, str]:
    """The release and the version of Asterisk, as soon as the system tells both."""
    until = asyncio.get_running_loop().time() + _WAIT_S
    while True:
        recording = await visit(site.system, site.profile, site.login(), limits=Limits(), mysql=False, now=work.now)
        known = known_from(recording)
        platform, asterisk = known.get(Platform), known.get(AsteriskVersion)
        if not isinstance(platform, Unknown) and not isinstance(asterisk, Unknown):
            return platform.release, asterisk.text
        if asyncio.get_running_loop().time() > until:
            raise UserError("revert_not_verified", "the restored system does not tell its release and Asterisk: "
                            f"{recording.contact.detail or 'its answer cannot be read'}",
                            "see that it has started, then release the case to verify it again")
        await asyncio.sleep(_PAUSE_S)
