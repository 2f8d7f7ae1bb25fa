"""What people may say at almost any time."""
from __future__ import annotations

from tasks.model.case import Case as C
from tasks.model.case import Override, State
from tasks.model.event import Cancelled, NeedsEngineer, Noted, Overridden, Released, StopAsked
from tasks.rules.gate import NEVER
from tasks.rules.moves.table import LIVE, Refused, also, into, leads, move, stays, troubled

S = State
AT_WORK = tuple(state for state in LIVE if state is not S.NEEDS_ENGINEER)
CHANGING = (S.REMEDIATING, S.BACKING_UP, S.UPGRADING, S.REVERTING)
LAUNCHED = (S.TESTING, S.WATCHING, S.REVERTING)
RESUMED = {S.REMEDIATING: S.ASSIGNED}       # what the engineer did by hand is looked at, not taken on trust


@move(Cancelled, leads(([s for s in LIVE if s not in LAUNCHED], S.CANCELLED)))
def cancelled(case: C, event: Cancelled) -> C | Refused:
    if case.launch:
        return Refused("the upgrade has been launched", "follow it to its end, then close or revert the case")
    return into(case, S.CANCELLED, window=None, slots=())


@move(StopAsked, also(leads((AT_WORK, S.NEEDS_ENGINEER)), stays(CHANGING)), any_time=True)
def stop_asked(case: C, event: StopAsked) -> C | Refused:
    """A step that changes the system goes on to its next stage boundary; everything else halts at once."""
    if case.running and case.running.step.changes:
        return case.model_copy(update={"stop_asked": f"{event.by}: {event.reason}"})
    return troubled(case, f"{event.by} stopped the case: {event.reason}", "release it to go on", running=None)


@move(NeedsEngineer, leads((AT_WORK, S.NEEDS_ENGINEER)))
def needs_engineer(case: C, event: NeedsEngineer) -> C | Refused:
    return troubled(case, event.reason, event.remedy)


@move(
    Released,
    also(
        leads((S.NEEDS_ENGINEER, tuple(s for s in AT_WORK if s is not S.REMEDIATING))),
        stays((S.CLOSED, S.CANCELLED)),
    ),
)
def released(case: C, event: Released) -> C | Refused:
    """Back to where it stood. A launched upgrade counts as running again until it is seen otherwise."""
    if case.trouble is None:
        return case.model_copy(update={"deaths": 0}) if case.deaths else Refused("nothing holds this case", "go on")
    back = RESUMED.get(case.trouble.resume, case.trouble.resume)
    launch = case.launch
    if launch and back is S.UPGRADING:
        launch = launch.model_copy(update={"ended_at": None, "end": None})
    return into(case, back, deaths=0, launch=launch)


@move(Overridden, stays(LIVE), any_time=True)
def overridden(case: C, event: Overridden) -> C | Refused:
    if event.guard in NEVER:
        return Refused(f"the guard {event.guard} is never overridden", "put right what it refuses")
    override = Override(guard=event.guard, by=event.by, reason=event.reason, at=event.at,
                        plan_revision=case.plan_revision)
    return case.model_copy(update={"overrides": (*case.overrides, override)})


@move(Noted, stays(State), any_time=True)
def noted(case: C, event: Noted) -> C | Refused:
    return case
