"""The client's word on what is to be done, and the doing of it."""
from __future__ import annotations

from datetime import timedelta

from tasks.model.case import Approval, CarriedOut, State, Step
from tasks.model.case import Case as C
from tasks.model.event import ActionDone, ActionTicked, ActionUndone, Approved, Declined, Remediated, UndoAsked
from tasks.model.finding import Verdict, Waiver, WaiverSource
from tasks.model.plan import PlanItem
from tasks.rules.moves.table import Refused, also, into, leads, move, phase, stays, troubled, without_window
from tasks.rules.todo import left_as_is, todo

S = State
LAPSED = "the plan has changed since it was shown"
SHOW_AGAIN = "show the client the plan as it is now and ask again"
ACCEPTED = timedelta(days=90)           # how long a client's no to a remedy lets its finding stand
UNDONE_FROM = (S.NOTIFIED, S.AWAITING_APPROVAL, S.READY, S.PROPOSED)


@move(
    Approved,
    also(leads(((S.NOTIFIED, S.AWAITING_APPROVAL), (S.REMEDIATING, S.ASSIGNED, S.READY, S.NEEDS_ENGINEER))),
         stays((S.READY, S.PROPOSED))),
)
def approved(case: C, event: Approved) -> C | Refused:
    """What is agreed to is done next. A finding that the client leaves as it is stands as waived, unless it blocks."""
    plan = case.plan
    if plan is None or plan.digest != event.digest:
        return Refused(LAPSED, SHOW_AGAIN)
    word = Approval(plan=plan, by=event.by, how=event.how, at=event.at, decisions=event.decisions)
    if case.state in (S.READY, S.PROPOSED) or plan.verdict is Verdict.READY:
        return into(case, case.state if case.state is S.PROPOSED else S.READY, approval=word)
    if not plan.actions:
        return Refused("there is nothing here that a client could approve", "waive the findings or cancel the case")
    decided = {d.remediation_id: d.approved for d in event.decisions}
    needed = {a.id for a in plan.actions if a.needs_approval}
    missing = sorted(needed - decided.keys())
    if missing:
        return Refused(f"no decision was given on {', '.join(missing)}", "decide on every action")
    left = left_as_is(plan, frozenset(name for name in needed if not decided[name]))
    stuck = sorted({name for item in left if item.blocking for name in item.remediation_ids if name in needed})
    if stuck:
        return troubled(case, f"the client declines {', '.join(stuck)}",
                        "agree on another way, waive the finding or cancel the case", resume=S.AWAITING_APPROVAL)
    waivers = tuple(_accepted(item, event) for item in left)
    agreed = case.model_copy(update={"approval": word, "waivers": (*case.waivers, *waivers)})
    return into(agreed, S.REMEDIATING if todo(agreed) else S.ASSIGNED)


def _accepted(item: PlanItem, event: Approved) -> Waiver:
    """The client lets a finding stand that blocks nothing: recorded like every waiver, in the client's name."""
    said = " ".join(d.reason for d in event.decisions if d.remediation_id in item.remediation_ids and d.reason)
    return Waiver(
        check_id=item.check_id, subject=item.subject, owner=event.by, source=WaiverSource.CASE,
        reason=f"the client declined what could be done about it ({event.how.replace('_', ' ')})"
               + (f": {said}" if said else ""),
        expires_on=(event.at + ACCEPTED).date(),
    )


@move(Declined, leads(((S.NOTIFIED, S.AWAITING_APPROVAL), S.NEEDS_ENGINEER)))
def declined(case: C, event: Declined) -> C | Refused:
    if case.plan_digest != event.digest:
        return Refused(LAPSED, SHOW_AGAIN)
    return troubled(case, f"the client declines: {event.reason}",
                    "agree on another way, waive the findings or cancel the case", resume=S.AWAITING_APPROVAL)


@move(ActionDone, stays([S.REMEDIATING]), reports=[Step.REMEDIATE], ends_run=False)
def action_done(case: C, event: ActionDone) -> C | Refused:
    if event.remediation_id not in todo(case).commands:
        return Refused(f"{event.remediation_id} is not to be carried out", "do only what was approved, once")
    done = CarriedOut(remediation_id=event.remediation_id, at=event.at, summary=event.summary, undo=event.undo)
    return case.model_copy(update={"remediated": (*case.remediated, event.remediation_id),
                                   "carried_out": (*case.carried_out, done)})


@move(ActionTicked, leads((S.REMEDIATING, (S.REMEDIATING, S.ASSIGNED))), any_time=True)
def action_ticked(case: C, event: ActionTicked) -> C | Refused:
    """Done by hand. When nothing else is left, the system is inspected again."""
    if event.remediation_id not in todo(case):
        return Refused(f"{event.remediation_id} is not to be done, or done already", "see `uplift case show`")
    if case.running and event.remediation_id in todo(case).commands:
        return Refused(f"Uplift is about to carry out {event.remediation_id}", "wait for its end")
    ticked = case.model_copy(update={"remediated": (*case.remediated, event.remediation_id)})
    return ticked if case.running or todo(ticked) else into(ticked, S.ASSIGNED)


@move(UndoAsked, also(leads((UNDONE_FROM, S.REMEDIATING), (S.NEEDS_ENGINEER, S.REMEDIATING)), stays([S.REMEDIATING])))
def undo_asked(case: C, event: UndoAsked) -> C | Refused:
    """Not once a window is confirmed: postpone the case first."""
    if phase(case) not in (*UNDONE_FROM, S.ASSIGNED, S.REMEDIATING):
        return Refused(f"the case is past that ({phase(case)})", "postpone it first")
    known = [done for done in case.carried_out if done.remediation_id == event.remediation_id]
    if not known or event.remediation_id not in case.remediated:
        return Refused(f"{event.remediation_id} was not carried out by Uplift", "undo by hand what was done by hand")
    if known[-1].undo is None:
        return Refused(f"{event.remediation_id} cannot be undone", "restore what is needed from a backup")
    asked = tuple(dict.fromkeys((*case.undo, event.remediation_id)))
    lost = without_window(case) if case.slots else {}
    return into(case, S.REMEDIATING, **(lost | {"undo": asked}))


@move(ActionUndone, stays([S.REMEDIATING]), reports=[Step.REMEDIATE], ends_run=False)
def action_undone(case: C, event: ActionUndone) -> C | Refused:
    if event.remediation_id not in case.undo:
        return Refused(f"{event.remediation_id} is not to be undone", "do only what was asked for, once")
    return case.model_copy(update={
        "undo": tuple(name for name in case.undo if name != event.remediation_id),
        "remediated": tuple(name for name in case.remediated if name != event.remediation_id),
        "approval": _without(case.approval, event.remediation_id),
    })


def _without(approval: Approval | None, remediation_id: str) -> Approval | None:
    """The client's word without the one for an action that was undone: it is not carried out again on its strength."""
    if approval is None:
        return None
    left = tuple(d for d in approval.decisions if d.remediation_id != remediation_id)
    return approval.model_copy(update={"decisions": left})


@move(Remediated, leads((S.REMEDIATING, (S.REMEDIATING, S.ASSIGNED, S.NEEDS_ENGINEER))), reports=[Step.REMEDIATE])
def remediated(case: C, event: Remediated) -> C | Refused:
    """What was done is never taken on trust: the system is inspected again, when nobody has anything left to do."""
    done = case.model_copy(update={"remediated": tuple(dict.fromkeys((*case.remediated, *event.done)))})
    left = todo(done)
    if left.commands or left.undo:
        return troubled(done, f"not carried out: {', '.join((*left.undo, *left.commands))}",
                        "see why, and release the case", resume=S.ASSIGNED)
    return done if left else into(done, S.ASSIGNED)
