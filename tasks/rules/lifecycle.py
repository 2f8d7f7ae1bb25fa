"""How a case moves: what comes next, and what an event does to it. Pure; time is passed in.

What always holds, whatever is reported in whatever order and wherever a run dies (the property tests hold it):

* Nothing is launched unless the client's approval covers the plan as it is now, the confirmed window is open (or its
  override is recorded), and a backup of this very machine is proven.
* One plan revision launches at most once. A launch is announced before it is made, so that whoever comes after a crash
  follows what the system knows of it; a new launch needs a new window, after a revert.
* A run of a step begins under its own key, once; while it is under way nothing else begins, and what a run that is
  taken for dead reports later is refused.
* A migration that may be running is neither reverted nor cancelled nor postponed over.
* A case is closed only after its tests have passed.
* A lost window or a lapsed approval gives a new plan revision, so that no idempotency key ever comes back.
* Every case has a next step, something that it waits for, or a person with something to do.
"""
from __future__ import annotations

from datetime import datetime

from tasks.model.case import OVER, Case, State
from tasks.model.event import Event, Opened
from tasks.model.ledger import Hold
from tasks.rules.due import Awaited, Due, NeedsPerson, Next, Wait, Who, due_now, overdue
from tasks.rules.moves import MOVES, Move, Refused
from tasks.rules.moves.table import troubled

__all__ = [
    "Awaited", "Due", "NeedsPerson", "Next", "Refused", "Wait", "Who", "apply", "next_step", "open_case", "overdue",
]


def open_case(event: Opened) -> Case:
    return Case(
        id=event.case_id, order_ref=event.order_ref, system_id=event.system_id, client=event.client,
        environment=event.environment, target=event.target, opened_at=event.at, since=event.at,
    )


def next_step(case: Case, now: datetime, hold: Hold | None = None) -> Next:
    """What is due at ``now``, as if what time has done to the case (``overdue``) were recorded already."""
    while (late := overdue(case, now)) is not None:
        moved = apply(case, late)
        assert isinstance(moved, Case), moved
        case = moved
    return due_now(case, now, hold)


def apply(case: Case, event: Event) -> Case | Refused:
    """The case after an event, or why it is refused and what to do instead. An event never half happens."""
    move = MOVES.get(type(event))
    if move is None:
        return Refused("the case is open already", "go on with it")
    if case.state not in move.edges:
        return Refused(f"the case is {case.state}, so {_words(event.kind)} is not possible",
                       f"this is possible while it is {', '.join(sorted(move.edges))}")
    run = getattr(event, "run", None)
    refused = _not_its_report(case, move, run) if run else _in_the_way(case, move)
    if refused:
        return refused
    moved = move.act(case, event)
    if isinstance(moved, Refused):
        return moved
    return _settled(case, moved, event, ends_run=bool(run) and move.ends_run)


def _not_its_report(case: Case, move: Move, run: str) -> Refused | None:
    """Only the run that is under way reports, and only what its step can tell."""
    if case.running is None or case.running.key != run:
        return Refused(f"{run} is not under way: it was taken for dead, or has reported already",
                       "end it; nothing of what it says is recorded")
    if case.running.step not in move.reports:
        return Refused(f"the step {case.running.step} cannot report this", "report it from its own step")
    return None


def _in_the_way(case: Case, move: Move) -> Refused | None:
    """A person's word does not overtake a step that is changing the system."""
    if case.running and case.running.step.changes and not move.any_time:
        return Refused(f"{case.running.key} is changing the system",
                       "wait for its end, or have it halt at its next stage with `uplift case stop`")
    return None


def _settled(before: Case, after: Case, event: Event, *, ends_run: bool) -> Case:
    """What every move has in common: the run ends, a stop is honoured, the time in the state begins anew."""
    changes: dict[str, object] = {}
    if ends_run:
        changes["running"] = None
        if event.kind not in ("step_died", "step_failed"):
            changes["deaths"] = 0
    elif after.state is not before.state and before.running and after.running == before.running:
        changes["running"] = None       # a person's word overtook a step that only reads
    after = after.model_copy(update=changes)
    if after.stop_asked and after.running is None:
        asked, over = after.stop_asked, after.state in OVER or after.state is State.NEEDS_ENGINEER
        after = after.model_copy(update={"stop_asked": None})
        after = after if over else troubled(after, f"stopped by {asked}", "release the case to go on")
    if after.state is before.state:
        return after
    return after.model_copy(update={"since": event.at, "reminders": 0, "reminded_at": None})


def _words(kind: str) -> str:
    return f"“{kind.replace('_', ' ')}”"
