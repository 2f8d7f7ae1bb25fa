"""The reconciler: asks of every case what its next step is, and has it started once. Knows nothing between two rounds.

Any number of them may work at once: what they record is compared and set by the database, and a step is claimed under
its key by the run itself.
"""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tasks.model.case import OVER, Case, State, Step
from tasks.model.errors import UserError
from tasks.rules.lifecycle import Due, next_step
from tasks.steps.erase import erase_due
from tasks.steps.run_step import EXECUTORS, buried, caught_up
from tasks.steps.work import resource_of
from tasks.wire.store.engine import StoreUnavailable
from tasks.wire.store.store import Store

Start = Callable[[Case, Step, str], Awaitable[None]]
_BURY_S = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Started:
    """``error`` says in one sentence why it could not be started; "" where it was."""

    case_id: str
    step: Step
    key: str
    error: str = ""


async def tend_once(store: Store, *, home: Path, now: Callable[[], datetime], start: Start) -> list[Started]:
    """One round over all cases, and personal data whose time has come are removed. One case's trouble is told and
    costs only itself.

    ``start`` may run the step to its end or only see to it that somebody does. Raises StoreUnavailable.
    """
    started = []
    cases = await asyncio.to_thread(store.cases)
    await asyncio.to_thread(erase_due, store, home, [case for case in cases if case.state in OVER], now())
    for case in cases:
        if case.state in OVER and not case.retained:
            continue
        found = await asyncio.to_thread(_due, store, case, now)
        if found is None:
            continue
        current, due = found
        error = ""
        try:
            await start(current, due.step, due.key)
        except StoreUnavailable:
            raise
        except UserError as trouble:
            error = str(trouble)
            _log.warning("%s could not be started: %s", due.key, error)
        started.append(Started(current.id, due.step, due.key, error))
    return started


def booked(cases: Iterable[Case], now: datetime) -> list[tuple[Case, Step, str, datetime]]:
    """Upgrades that a confirmed window waits for, with the key that is due when it opens, and the moment.

    A run may be scheduled for it beforehand. One of a window that was given up finds another plan revision, and so
    nothing to do.
    """
    return [
        (case, Step.UPGRADE, case.key_of(Step.UPGRADE), case.window.starts_at)
        for case in cases
        if case.state is State.BACKED_UP and case.window and not case.running and now < case.window.starts_at
    ]


def _due(store: Store, case: Case, now: Callable[[], datetime]) -> tuple[Case, Due] | None:
    """The case as it is now and the step that is to be started; None where there is nothing to start."""
    if case.running is not None:
        with store.leased(resource_of(case), f"tend {case.running.key}", _BURY_S) as lease:
            if lease is None:
                return None             # its run is alive
            case = buried(store, store.case(case.id), lease, now())
    case = caught_up(store, case, now())
    due = next_step(case, now(), store.hold())
    return (case, due) if isinstance(due, Due) and due.step in EXECUTORS else None
