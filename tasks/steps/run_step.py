"""Run the step that is due in a case: claimed once, under a lease that its heart keeps, and told to the case.

Whoever starts the same step at the same time, as often as they like: one runs. A run that dies is found by its lease,
and the next one takes the step up; an upgrade that was launched is then followed, never launched again.
"""
from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from tasks.model.case import Case, Step
from tasks.model.errors import UserError
from tasks.model.event import Event, StepDied, StepFailed, StepStarted
from tasks.model.ledger import Lease
from tasks.rules.lifecycle import Due, Refused, next_step, overdue
from tasks.steps.assignment import assign
from tasks.steps.backup import backup
from tasks.steps.notify import notify
from tasks.steps.precheck import precheck
from tasks.steps.remediate import remediate
from tasks.steps.retire import retire
from tasks.steps.revert import revert
from tasks.steps.schedule import schedule
from tasks.steps.upgrade import upgrade
from tasks.steps.verify import verify
from tasks.steps.work import Died, ReportRefused, Work, resource_of, sentence
from tasks.wire.store.cases import CaseChanged
from tasks.wire.store.engine import StoreUnavailable
from tasks.wire.store.leases import LeaseLost
from tasks.wire.store.store import Store

LEASE_S = 60.0
EXECUTORS: Mapping[Step, Callable[[Work], Awaitable[Event | None]]] = {
    Step.INTAKE: assign,
    Step.PRECHECK: precheck,
    Step.NOTIFY: notify,
    Step.REMEDIATE: remediate,
    Step.SCHEDULE: schedule,
    Step.BACKUP: backup,
    Step.UPGRADE: upgrade,
    Step.VERIFY: verify,
    Step.REVERT: revert,
    Step.RETIRE: retire,
}
"""The steps that can be run, each giving the event that ends it, or None where it has told that itself.

The others are a person's until they are built.
"""

_log = logging.getLogger(__name__)


async def run_step(
    case_id: str,
    step: Step,
    *,
    home: Path,
    store: Store,
    now: Callable[[], datetime],
    lease_s: float = LEASE_S,
) -> Case:
    """Run ``step`` if it is what is due now, to its end; gives the case as it is then.

    Where it is not due, or somebody runs it, nothing is done. What goes wrong in the step is told to the case, not
    raised. Raises UserError for an unknown case, a step that cannot be run, and a database that does not answer.
    """
    if step not in EXECUTORS:
        raise UserError("step_unknown", f"{step} is not run by Uplift", "do it by hand and record it in the case")
    case = await asyncio.to_thread(store.case, case_id)
    me = f"{case.key_of(step)} at {socket.gethostname()} {os.getpid()}"
    lease = await asyncio.to_thread(store.acquire, resource_of(case), me, lease_s)
    if lease is None:
        return case
    try:
        work = await asyncio.to_thread(_claimed, store, case_id, step, home, now, lease)
        if work is not None:
            await _beaten(work, lease_s)
    finally:
        with suppress(UserError):           # taken over, or out of reach: it expires by itself
            await asyncio.to_thread(store.release, lease)
    return await asyncio.to_thread(store.case, case_id)


def caught_up(store: Store, case: Case, at: datetime) -> Case:
    """The case after recording what time alone has done to it."""
    while (late := overdue(case, at)) is not None:
        try:
            moved = store.record(case.id, late, expected=case)
        except CaseChanged:
            return store.case(case.id)
        if isinstance(moved, Refused):
            return case
        case = moved
    return case


def buried(store: Store, case: Case, lease: Lease, at: datetime) -> Case:
    """The case after recording that its run died: who holds the system's lease knows that no run has it any more."""
    if case.running is None:
        return case
    died = StepDied(at=at, by="tend", run=case.running.key, reason="its lease ended and it had not reported")
    moved = store.record(case.id, died, lease=lease)
    return case if isinstance(moved, Refused) else moved


def _claimed(
    store: Store, case_id: str, step: Step, home: Path, now: Callable[[], datetime], lease: Lease
) -> Work | None:
    """The right to run the step, recorded; None where it is not due (any more)."""
    case = caught_up(store, buried(store, store.case(case_id), lease, now()), now())
    due = next_step(case, now(), store.hold())
    if not isinstance(due, Due) or due.step is not step:
        return None
    begun = StepStarted(at=now(), by=step.value, step=step, plan_revision=due.plan_revision, attempt=due.attempt)
    moved = store.record(case_id, begun, lease=lease)
    if isinstance(moved, Refused):
        return None
    return Work(store, home, now, step, due.key, lease, moved)


async def _beaten(work: Work, lease_s: float) -> None:
    """Work with a heart: where the lease is lost the work is stopped, as somebody else does it now."""
    doing = asyncio.create_task(_done(work))
    heart = asyncio.create_task(_beat(work, lease_s))
    try:
        await asyncio.wait({doing, heart}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            _log.warning("%s has lost its lease and ends", work.key)
    finally:
        for task in (heart, doing):
            task.cancel()
        ended = await asyncio.gather(heart, doing, return_exceptions=True)
    for trouble in ended:
        if isinstance(trouble, Exception) and not isinstance(trouble, LeaseLost):
            raise trouble


async def _beat(work: Work, lease_s: float) -> None:
    """Renew the lease until it is lost. A database that is away for a while is waited for."""
    while True:
        await asyncio.sleep(lease_s / 4)
        try:
            work.lease = await asyncio.to_thread(work.store.renew, work.lease, lease_s)
        except LeaseLost:
            return
        except StoreUnavailable as error:
            _log.warning("the lease of %s could not be renewed: %s", work.key, error)


async def _done(work: Work) -> None:
    """Run the step and tell the case how it ended, whatever that was."""
    try:
        ended = await EXECUTORS[work.step](work)
        if ended is not None:
            await work.tell(ended)
    except (LeaseLost, StoreUnavailable):
        raise
    except ReportRefused as error:
        await _last_word(work, StepFailed(
            **work.reported(), reason=sentence(error.refused.reason), remedy=sentence(error.refused.remedy)))
    except UserError as error:
        await _last_word(work, StepFailed(
            **work.reported(), reason=sentence(error.message), remedy=sentence(error.remedy)))
    except Died as error:
        await _last_word(work, StepDied(**work.reported(), reason=sentence(str(error))))
    except Exception as error:  # a defect of ours: the run is over, the case goes on
        _log.exception("%s failed", work.key)
        why = f"a defect, {type(error).__name__}; the log has more"
        await _last_word(work, StepDied(**work.reported(), reason=why))


async def _last_word(work: Work, event: Event) -> None:
    """A person's word may have overtaken the run; then nothing of it is recorded."""
    with suppress(ReportRefused):
        await work.tell(event)
