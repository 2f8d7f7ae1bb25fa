"""What was agreed to is carried out: undone first what is to be undone, then each command, one after the other.

Every guard is asked anew before each, and whether the run may go on before each batch of it. The system keeps a journal
of its own: what a run did that died before it told is found there, and not done again. Doubt is never success.
"""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh

from tasks.model.case import Case, Guard
from tasks.model.errors import UserError
from tasks.model.event import ActionDone, ActionUndone, Remediated
from tasks.model.preview import Preview
from tasks.rules.todo import todo
from tasks.steps.case_site import Site
from tasks.steps.guarded import guards
from tasks.steps.previews import findings_at, previews_at, shown_ref, subjects_of
from tasks.steps.work import Died, Work, resource_of, sentence
from tasks.wire.fenced import FenceRefused, Unclear
from tasks.wire.remedies import diary
from tasks.wire.remedies.remedy import Ground, Remedy, remedies
from tasks.wire.ssh import NoContact

RELEASE = "deal with it and release the case"


async def remediate(work: Work) -> Remediated:
    """Raises UserError where a guard or the system refuses, Died where what was done has to be looked for."""
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    while left := todo(work.case).undo:
        await _undone(work, site, left[0])
    while commands := todo(work.case).commands:
        await _carried_out(work, site, commands[0])
    return Remediated(**work.reported())


async def _carried_out(work: Work, site: Site, remediation_id: str) -> None:
    remedy = _remedy(remediation_id)
    times = sum(done.remediation_id == remediation_id for done in work.case.carried_out)
    await _guarded(work, site, remediation_id, undoing=False)
    agreed = await asyncio.to_thread(_agreed, work, remedy)
    async with _ground(work, site, remediation_id, times + 1, agreed) as ground:
        done = await diary.found_done(ground)
        if done is None:
            what = "; ".join(agreed.lines) if agreed else ""
            await work.note(f"{remediation_id} is carried out now" + (f": {what}" if what else ""))
            done = await remedy.carry_out(ground)
            await diary.write_done(ground, done)
        else:
            await work.note(f"{remediation_id} was carried out by a run that could not tell it")
    undo = done.undo if remedy.undo else None
    await work.tell(ActionDone(**work.reported(), remediation_id=remediation_id, summary=sentence(done.summary),
                               undo=undo))


async def _undone(work: Work, site: Site, remediation_id: str) -> None:
    remedy = _remedy(remediation_id)
    known = [done for done in work.case.carried_out if done.remediation_id == remediation_id]
    if remedy.undo is None or not known or known[-1].undo is None:
        raise UserError("not_undoable", f"{remediation_id} cannot be undone", "restore what is needed from a backup")
    await _guarded(work, site, remediation_id, undoing=True)
    async with _ground(work, site, remediation_id, len(known), None) as ground:
        summary = await diary.found_undone(ground)
        if summary is None:
            await work.note(f"{remediation_id} is undone now")
            summary = await remedy.undo(ground, known[-1].undo)
            await diary.write_undone(ground, summary)
    await work.tell(ActionUndone(**work.reported(), remediation_id=remediation_id, summary=sentence(summary)))


def _remedy(remediation_id: str) -> Remedy:
    remedy = remedies().get(remediation_id)
    if remedy is None:
        raise UserError("remedy_unknown", f"{remediation_id} is not carried out by Uplift",
                        "do it by hand and record it with `uplift case done`")
    return remedy


async def _guarded(work: Work, site: Site, remediation_id: str, *, undoing: bool) -> None:
    """Every guard, on the system as it is at this moment.

    Undoing gives back what was: it is asked for by name, and rests on no plan that a client has agreed to.
    """
    refusals, _ = await guards(work, site)
    standing = [r for r in refusals if not (undoing and r.guard is Guard.AGREEMENT)]
    if standing:
        raise UserError("guards_refuse", f"the guards refuse {remediation_id}: " + " ".join(map(str, standing)),
                        "deal with each of them and release the case")
    await still_mine(work)


async def still_mine(work: Work) -> None:
    """Asked of the case database before each batch. Raises where the run has to halt there."""
    case, hold, token = await asyncio.to_thread(_standing, work)
    if token != work.lease.token:
        raise Died(f"the lease was taken over (token {work.lease.token}, now {token})")
    if case.stop_asked:
        raise UserError("stopped", f"stopped by {case.stop_asked}", "release the case to go on")
    if hold is not None and not case.overridden(Guard.HOLD):
        raise UserError("held", f"{hold.by} holds all changes: {hold.reason}", "release the case when it is lifted")


def _standing(work: Work):  # type: ignore[no-untyped-def]  # case, hold, newest token
    return work.store.case(work.case.id), work.store.hold(), work.store.newest_token(resource_of(work.case))


def _agreed(work: Work, remedy: Remedy) -> Preview | None:
    """What the client was shown of this remedy. Raises UserError where something is to be destroyed without it."""
    ref = shown_ref(work.store.journal(work.case.id)) or work.case.findings_ref
    found = next((p for p in previews_at(ref, work.folder) if p.remediation_id == remedy.id), None)
    if found is not None and found.trouble and remedy.destroys:
        raise UserError("nothing_counted", f"what {remedy.id} would destroy could not be counted: {found.trouble}",
                        "see to that, and have the system inspected again")
    if found is None and remedy.destroys:
        raise UserError("nothing_counted", f"what {remedy.id} would destroy was never counted and shown",
                        "have the system inspected again, so that the client is shown it")
    return found


def action_name(case: Case, remediation_id: str, times: int, agreed: Preview | None) -> str:
    """The same for whoever takes it up, another one for another sealed list: that one was not carried out before."""
    sealed = f"-{agreed.seal[:16]}" if agreed and agreed.seal else ""
    return f"{case.id}-{case.opened_at:%Y%m%d%H%M%S}-{remediation_id}-{times}{sealed}"


@asynccontextmanager
async def _ground(
    work: Work, site: Site, remediation_id: str, times: int, agreed: Preview | None
) -> AsyncIterator[Ground]:
    case = work.case
    if case.identity is None or case.identity.machine_id is None or case.plan is None:
        raise UserError("machine_unknown", "which machine this is was never told", "inspect the system again")
    ref = shown_ref(work.store.journal(case.id)) or case.findings_ref
    findings = await asyncio.to_thread(findings_at, ref, work.folder)
    try:
        async with site.connected(change=True) as connection:
            yield Ground(
                connection=connection, system=site.system, profile=site.profile, case_id=case.id,
                action=action_name(case, remediation_id, times, agreed),
                fencing_token=work.lease.token, machine_id=case.identity.machine_id,
                subjects=subjects_of(case.plan, remediation_id),
                findings=tuple(f for f in findings if remediation_id in {r.id for r in f.remediations}),
                folder=work.folder, now=work.now(), still_mine=lambda: still_mine(work), progress=work.note,
                agreed=agreed,
            )
    except FenceRefused as error:
        if error.code in ("fence_superseded", "fence_busy"):
            raise Died(str(error)) from None
        raise
    except (Unclear, NoContact, asyncssh.Error, OSError) as error:
        raise Died(f"what became of {remediation_id} has to be looked for: {error}") from None
