"""Agreeing on a time, and what time itself does to it."""
from __future__ import annotations

from tasks.model.case import Approval, How, State, Step
from tasks.model.case import Case as C
from tasks.model.event import Confirmed, Postponed, Proposed, WindowMissed, WindowOpened
from tasks.model.finding import Verdict
from tasks.rules.due import overdue
from tasks.rules.moves.agreement import LAPSED, SHOW_AGAIN
from tasks.rules.moves.table import Refused, also, into, leads, move, phase, stays, without_window
from tasks.rules.window import Standing, drifted, standing

S = State
BOOKED = (S.SCHEDULED, S.BACKING_UP, S.BACKED_UP)
MOVABLE = (S.READY, S.PROPOSED, *BOOKED, S.REVERTED, S.POSTPONED)


@move(Proposed, leads(((S.READY, S.PROPOSED, S.POSTPONED), S.PROPOSED)), reports=[Step.SCHEDULE])
def proposed(case: C, event: Proposed) -> C | Refused:
    for slot in event.slots:
        if standing(slot, event.at, case.needed()) is not Standing.NOT_YET:
            return Refused(f"the slot of {slot.starts_at:%Y-%m-%d %H:%M} UTC has begun already", "propose a later one")
        if case.needed() > slot.ends_at - slot.starts_at:
            minutes = case.needed().total_seconds() / 60
            return Refused(f"the upgrade needs {minutes:.0f} min and a slot is {slot.duration_s / 60:.0f} min long",
                           "propose longer slots")
        if drifted(slot):
            return Refused(f"a slot's UTC time is not {slot.local_start:%Y-%m-%d %H:%M} in {slot.zone}",
                           "make the slot from its local time")
    return into(case, S.PROPOSED, slots=event.slots, postponed_reason=None, not_before=None)


@move(Confirmed, leads((S.PROPOSED, S.SCHEDULED)))
def confirmed(case: C, event: Confirmed) -> C | Refused:
    """Where no action was needed, confirming the slot agrees to the plan that was shown with it."""
    if event.window not in case.slots:
        return Refused("this time is not one of those that were proposed", "propose it first")
    if event.at > event.window.latest_start:
        return Refused("this time has passed", "propose later slots")
    plan = case.plan
    if plan is None or plan.digest != event.digest:
        return Refused(LAPSED, SHOW_AGAIN)
    approval = case.approval if case.agreed else None
    if approval is None:
        if plan.verdict is not Verdict.READY:
            return Refused("the plan's actions are not approved", "have the client decide on them first")
        approval = Approval(plan=plan, by=event.by, how=How.CONFIRMED_SLOT, at=event.at)
    return into(case, S.SCHEDULED, window=event.window, slots=(), window_opened=False, approval=approval)


@move(WindowOpened, stays(BOOKED), any_time=True)
def window_opened(case: C, event: WindowOpened) -> C | Refused:
    if case.window_opened or not case.window:
        return Refused("the window is open already", "go on")
    if standing(case.window, event.at, case.needed()) is not Standing.OPEN:
        return Refused("the window is not open", "wait for it")
    return case.model_copy(update={"window_opened": True})


@move(WindowMissed, leads(((S.PROPOSED, *BOOKED, S.UPGRADING), S.POSTPONED)))
def window_missed(case: C, event: WindowMissed) -> C | Refused:
    if not isinstance(overdue(case, event.at), WindowMissed):
        return Refused("the window is not missed", "wait for it, or postpone the case")
    return into(case, S.POSTPONED, **without_window(case), postponed_reason=event.reason)


@move(Postponed, also(leads(((*MOVABLE, S.NEEDS_ENGINEER), S.POSTPONED))))
def postponed(case: C, event: Postponed) -> C | Refused:
    if case.launch:
        return Refused("the upgrade has been launched", "follow it to its end, then revert it if that is wanted")
    if phase(case) not in MOVABLE:
        return Refused(f"there is no date to postpone while the case is {phase(case)}", "cancel or release it")
    return into(case, S.POSTPONED, **without_window(case), postponed_reason=event.reason, not_before=event.not_before)
