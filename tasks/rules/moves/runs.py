"""The runs of steps: that they begin once, and what becomes of a case whose run died or failed."""
from __future__ import annotations

from tasks.model.case import OVER, Run, State, Step, step_key
from tasks.model.case import Case as C
from tasks.model.event import StepDied, StepFailed, StepStarted
from tasks.rules.due import DEATHS, Due, due_now, overdue
from tasks.rules.moves.table import Refused, also, leads, move, stays, troubled

S = State
ENTERS = {Step.BACKUP: S.BACKING_UP, Step.UPGRADE: S.UPGRADING}
WITHOUT_STEPS = (S.NOTIFIED, S.AWAITING_APPROVAL, S.PROPOSED, S.REVERTED, S.NEEDS_ENGINEER)
WITH_STEPS = tuple(state for state in State if state not in WITHOUT_STEPS)
LIVE_STEPS = tuple(state for state in WITH_STEPS if state not in OVER)


@move(
    StepStarted,
    also(
        stays(WITH_STEPS),
        leads(((S.SCHEDULED, S.BACKING_UP), S.BACKING_UP), ((S.BACKED_UP, S.UPGRADING), S.UPGRADING)),
    ),
    any_time=True,
)
def step_started(case: C, event: StepStarted) -> C | Refused:
    key = step_key(case.id, event.step, event.plan_revision, event.attempt)
    if case.running:
        return Refused(f"{case.running.key} is under way", f"leave it to that run; {key} does nothing")
    late = overdue(case, event.at)
    if late:
        return Refused(f"{late.kind} is not recorded yet", "run `uplift tend --once`")
    due = due_now(case, event.at)
    if not isinstance(due, Due) or due.key != key:
        return Refused(f"{key} is not due: {due}", "do nothing; the reconciler starts what is due")
    return case.model_copy(update={
        "state": ENTERS.get(event.step, case.state),
        "running": Run(key=key, step=event.step, started_at=event.at),
        "attempts": {**case.attempts, event.step: event.attempt},
    })


@move(StepDied, also(stays(WITH_STEPS), leads((LIVE_STEPS, S.NEEDS_ENGINEER))), reports=Step)
def step_died(case: C, event: StepDied) -> C | Refused:
    """It is tried again a few times. A launched upgrade is followed without end: it goes on by itself."""
    deaths = case.deaths + 1
    counted = case.model_copy(update={"deaths": deaths})
    if deaths < DEATHS or case.launched_and_not_ended or case.state in OVER:
        return counted
    step = case.running.step if case.running else "a step"
    return troubled(counted, f"{step} died {deaths} times in a row: {event.reason}",
                    "find out why and release the case")


@move(
    StepFailed,
    also(leads((LIVE_STEPS, S.NEEDS_ENGINEER)), stays((S.CLOSED, S.CANCELLED))),
    reports=Step,
)
def step_failed(case: C, event: StepFailed) -> C | Refused:
    if case.state in OVER:
        return case.model_copy(update={"deaths": DEATHS})
    return troubled(case, event.reason, event.remedy)
