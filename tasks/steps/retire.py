"""Remove the clones of a case that is over, each after its deadline and never anything but such a clone."""
from __future__ import annotations

import asyncio

from tasks.model.case import BackupProof, IdentityMarks
from tasks.model.errors import UserError
from tasks.model.event import Retired
from tasks.model.serverware import ServerwareError, Trouble
from tasks.rules.gate import Seen, may_change
from tasks.steps.case_site import Site
from tasks.steps.vps import serverware, vps_id_of
from tasks.steps.work import Work, resource_of
from tasks.wire.serverware import Serverware


async def retire(work: Work) -> Retired:
    """Raises UserError where a guard refuses or SERVERware does not remove a clone; the next run goes on."""
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    due = [proof for proof in work.case.retained if proof.keep_until and proof.keep_until <= work.now()]
    async with serverware(site) as client:
        for proof in due:
            await _removed(work, client, proof, vps_id_of(site))
    return Retired(**work.reported(), refs=tuple(proof.ref for proof in due))


async def _removed(work: Work, client: Serverware, proof: BackupProof, vps_id: str) -> None:
    refusals = may_change(work.case, work.step, await asyncio.to_thread(_seen, work, proof), work.now())
    if refusals:
        raise UserError("guards_refuse", " ".join(map(str, refusals)), "deal with it and release the case")
    try:
        clone = await client.clone_ref(proof.ref)
    except ServerwareError as error:
        if error.trouble is Trouble.NOT_FOUND:
            return                      # gone already
        raise
    if clone.of != vps_id or (clone.taken_at is not None and clone.taken_at != proof.taken_at):
        raise UserError("backup_is_another", f"VPS {proof.ref} is not the clone that this case made",
                        "look at SERVERware for it")
    await work.note(f"the clone {clone.label} (VPS {clone.id}) is removed")
    await client.delete_clone(clone)


def _seen(work: Work, proof: BackupProof) -> Seen:
    store, case = work.store, work.case
    ahead = work.now() - store.now()
    return Seen(
        facts_at=None, identity=IdentityMarks(host_key=None, machine_id=None, vps_id=proof.ref),
        lease=work.lease.model_copy(update={"expires_at": work.lease.expires_at + ahead}),
        lease_token=store.newest_token(resource_of(case)), window=None, backup=None, backup_found=None,
        digest_now=None, migration_running=None, hold=store.hold(), clock_offset=None,
    )
