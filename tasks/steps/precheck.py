"""Inspect a case's system and make its plan: what stands in the way, what is to be done, how long it takes."""
from __future__ import annotations

import asyncio

from tasks.model.errors import UserError
from tasks.model.event import Inspected
from tasks.model.fact import Unknown
from tasks.model.facts import Platform
from tasks.rules.occasion import occasion_of
from tasks.steps.case_site import Site
from tasks.steps.guarded import seen_vps
from tasks.steps.inspection import inspect
from tasks.steps.previews import keep_previews
from tasks.steps.work import Work


async def precheck(work: Work) -> Inspected:
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    occasion = occasion_of(work.case, work.step, work.now())
    found = await inspect(
        site, work.case, work.now, await seen_vps(site), occasion=occasion, ahead=await work.ahead()
    )
    ref = work.folder.save(f"inspection-{work.case.plan_revision}-{work.case.attempts[work.step]}", found.kept)
    await keep_previews(site, work.case, found.plan, found.kept.findings, work.folder, ref, work.now())
    running = found.known.get(Platform)
    if not isinstance(running, Unknown) and running.release == work.case.target:
        said = f"{work.case.system_id} runs {running.release} already: there is nothing to upgrade"
        raise UserError("already_there", said, "cancel the case, or open one for another release")
    return Inspected(**work.reported(), plan=found.plan, identity=found.identity, findings_ref=ref)
