"""The upgrade: guards, baseline, one launch announced before it is made, followed to its end whatever happens here.

The system owns the upgrade. A run of this step that dies leaves it at work, and the next run finds it by its fence.
"""
from __future__ import annotations

import asyncio

from tasks.model.errors import UserError
from tasks.model.event import UpgradeFailed, UpgradeFinished, UpgradeLaunched, UpgradeLaunching, UpgradeRefused
from tasks.model.upgrade import Died as RunnerDied
from tasks.model.upgrade import Exited, NotStarted, Progress
from tasks.steps.case_site import Site
from tasks.steps.following import followed
from tasks.steps.guarded import fence_of, guards_of_a_quiet_system
from tasks.steps.look import Look, look
from tasks.steps.work import Died, ReportRefused, Work, sentence
from tasks.wire.ssh import NoContact
from tasks.wire.upgrader import LaunchRefused, launch, lift, status

Ended = UpgradeRefused | UpgradeFinished | UpgradeFailed
_TRIES = 3


async def upgrade(work: Work) -> Ended:
    """Raises Died where the run cannot go on and the launch must be looked for again."""
    site = await asyncio.to_thread(Site.of, work.case, work.home)
    if work.case.launch is None:
        refused = await _announced(work, site) or await _launched(work, site)
        return refused or await _ended(work, await followed(work, site))
    seen = await followed(work, site)
    if not isinstance(seen.status.state, NotStarted):
        return await _ended(work, seen)
    if work.case.launch.launched_at:
        return UpgradeFailed(**work.reported(), stage="unknown", reason="the system knows nothing of its launch any "
                             "more: it was restored, or its journal was removed")
    refused = await _taken_back(work, site) or await _launched(work, site)
    return refused or await _ended(work, await followed(work, site))


async def _announced(work: Work, site: Site) -> UpgradeRefused | None:
    """Guards and baseline, then the announcement; the reasons for which it is not made."""
    refusals, inspection = await guards_of_a_quiet_system(work, site)
    if refusals:
        return _refused(work, *map(str, refusals))
    before = await look(site, work.now, inspection.known)
    if before.call is not None and not before.call.ok:
        return _refused(work, f"the echo call before the upgrade fails: {before.call.summary}; without one that is "
                        "good nothing could be verified after it.")
    await asyncio.to_thread(work.folder.save, baseline_name(work), before)
    await work.note("every guard lets it pass: " + _summary(before))
    try:
        await work.tell(UpgradeLaunching(**work.reported(), fence=fence_of(work)))
    except ReportRefused as error:
        return _refused(work, str(error))
    return None


async def _taken_back(work: Work, site: Site) -> UpgradeRefused | None:
    """An announced launch that never came about is made now only if every guard still lets it pass.

    Where not, the system is told this run's fencing token: what a dead run may have on its way there is then refused.
    """
    refusals, _ = await guards_of_a_quiet_system(work, site)
    if not refusals:
        return None
    try:
        async with site.connected(change=True) as connection:
            await lift(connection, site.profile, fence_of(work), work.lease.token)
            seen = await status(connection, site.profile, fence_of(work))
    except (NoContact, UserError) as error:
        raise Died(f"whether the upgrade was launched is not known: {error}") from None
    if not isinstance(seen.state, NotStarted):
        raise Died("the launch of a dead run came about after all")
    return _refused(work, *map(str, refusals))


async def _launched(work: Work, site: Site) -> UpgradeRefused | None:
    """The one launch: asked again under the same fence it starts nothing twice. Raises Died where it is unclear.

    A refusal counts only where no attempt before it can be what is refused.
    """
    case, identity = work.case, work.case.identity
    why = ""
    for _ in range(_TRIES):
        try:
            async with site.connected(change=True) as connection:
                made = await launch(
                    connection, site.profile, fence_of(work), work.lease.token, case.target, case_id=case.id,
                    machine_id=identity.machine_id if identity else None,
                )
        except LaunchRefused as error:
            if why or error.code == "launch_busy":
                why = str(error)
                break
            return _refused(work, f"{error}.")
        except (NoContact, UserError) as error:
            why = str(error)
            continue
        await work.note(f"launch {made.launches} on the system, fence {made.run_id}" + (", found" * made.found))
        await work.tell(UpgradeLaunched(**work.reported(), fence=made.run_id))
        return None
    raise Died(f"whether the upgrade was launched is not known: {why}")


async def _ended(work: Work, seen: Progress) -> Ended:
    """How the upgrade ended, by what the system shows. Raises Died where its release could not be told."""
    evidence, state = seen.status.evidence, seen.status.state
    if isinstance(state, Exited) and state.code == 0:
        if evidence.release is None:
            raise Died("the upgrade has ended well and the system's release could not be read")
        await work.note(f"the system runs {evidence.release} with Asterisk {evidence.asterisk or '(not told)'}")
        return UpgradeFinished(**work.reported(), release=evidence.release)
    if isinstance(state, Exited):
        said = f": {seen.lines[-1]}" if seen.lines else ""
        why = f"the upgrader ended with exit code {state.code}{said}"
    elif isinstance(state, RunnerDied):
        why = f"it stopped without an exit code; the table of calls is {evidence.schema_state}"
    else:
        raise Died("the launch was not found on the system")
    return UpgradeFailed(**work.reported(), stage=state.stage or "unknown", reason=sentence(why))


def baseline_name(work: Work) -> str:
    return f"baseline-{work.case.plan_revision}"


def _refused(work: Work, *reasons: str) -> UpgradeRefused:
    return UpgradeRefused(**work.reported(), refusals=tuple(map(sentence, reasons)))


def _summary(before: Look) -> str:
    return before.call.summary if before.call else "the client has given no extension for an echo call"
