"""The way back, before anything is changed: on SERVERware a clone, else evidence for what the client has attested."""
from __future__ import annotations

import asyncio
from datetime import timedelta

from tasks.model.case import BackupKind, BackupProof, Case
from tasks.model.errors import UserError
from tasks.model.event import BackupTaken
from tasks.rules.gate import Limits
from tasks.steps.case_site import Site
from tasks.steps.evidence import evidence_of
from tasks.steps.guarded import guards
from tasks.steps.vps import serverware, vps_id_of
from tasks.steps.work import Died, Work
from tasks.wire.ssh import NoContact

KEPT = timedelta(days=14)       # a clone, after it was made


async def backup(work: Work) -> BackupTaken:
    """Raises UserError where the guards refuse, no clone can be made, or no evidence is found."""
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    proof = await (_cloned(work, site) if site.system.serverware else _evidenced(work, site))
    return BackupTaken(**work.reported(), proof=proof)


async def _cloned(work: Work, site: Site) -> BackupProof:
    refusals, _ = await guards(work, site)
    if refusals:
        raise UserError("guards_refuse", "the guards refuse the clone: " + " ".join(map(str, refusals)),
                        "deal with each of them and release the case")
    case = work.case
    assert case.identity is not None
    label, note = clone_label(case), f"Uplift: case {case.id}, plan revision {case.plan_revision}"
    await work.note(f"the clone {label} is asked for")
    async with serverware(site) as client:
        clone = await client.clone(vps_id_of(site), label, note)
    return BackupProof(
        kind=BackupKind.CLONE, ref=clone.id, of=case.identity, evidence=clone.evidence, by="SERVERware",
        taken_at=clone.taken_at or work.now(), keep_until=work.now() + KEPT,
    )


def clone_label(case: Case) -> str:
    """One clone for a plan revision, whoever asks for it and how often."""
    return f"uplift-{case.id}-{case.plan_revision}"


async def _evidenced(work: Work, site: Site) -> BackupProof:
    told = work.case.attested
    if told is None:
        raise UserError("backup_not_attested", "the client has attested no backup",
                        "have the client make one and attest it")
    try:
        found = await evidence_of(site, told.ref)
    except NoContact as error:
        raise Died(f"the system was not reached: {error}") from None
    if work.now() - found.written_at > Limits().backup_age:
        raise UserError("backup_too_old", str(found), "have the client make another backup and attest it")
    return told.model_copy(update={"evidence": f"{told.evidence}; {found}", "taken_at": found.written_at})
