"""From the ticket to the client's being told what was found."""
from __future__ import annotations

from tasks.model.case import Case as C
from tasks.model.case import State, Step
from tasks.model.event import Assigned, Delivered, Inspected, Notified, Waived
from tasks.model.finding import Verdict
from tasks.rules.moves.table import (
    LIVE,
    Refused,
    also,
    into,
    leads,
    move,
    phase,
    stays,
    troubled,
    without_window,
)

S = State
EARLY = (S.ASSIGNED, S.INSPECTED, S.NOTIFIED, S.AWAITING_APPROVAL)
BOOKED = (S.SCHEDULED, S.BACKING_UP, S.BACKED_UP)
LATER = (S.READY, S.PROPOSED, S.POSTPONED, *BOOKED)
AFTER_NOTICE = (S.AWAITING_APPROVAL, S.REMEDIATING, S.READY, S.NEEDS_ENGINEER)


@move(
    Assigned,
    also(stays(s for s in LIVE if s is not S.OPENED), leads((S.OPENED, S.ASSIGNED), (S.NEEDS_ENGINEER, S.ASSIGNED))),
    reports=[Step.INTAKE],
    any_time=True,
)
def assigned(case: C, event: Assigned) -> C | Refused:
    if phase(case) is S.OPENED:
        return into(case, S.ASSIGNED, engineer=event.engineer)
    return case.model_copy(update={"engineer": event.engineer})


@move(
    Inspected,
    also(leads((EARLY, (S.INSPECTED, S.NEEDS_ENGINEER)), (LATER, (S.INSPECTED, S.NEEDS_ENGINEER))), stays(LATER)),
    reports=[Step.PRECHECK],
)
def inspected(case: C, event: Inspected) -> C | Refused:
    """A plan that the client's word still covers changes nothing; a worse one takes window and approval away."""
    if event.plan.target != case.target:
        return Refused(f"the inspection was for {event.plan.target} and this case is for {case.target}",
                       f"inspect for {case.target}")
    missing = event.identity.missing(case.environment)
    if missing:
        return troubled(case, f"the inspection could not tell {missing}", "make it readable and release the case")
    if case.identity and case.identity != event.identity:
        return troubled(case, "another machine answers at the system's address than at the first inspection",
                        "find out which it is; release the case when the right one answers, or cancel it")
    if event.plan.verdict in (Verdict.UNREACHABLE, Verdict.UNDETERMINED):
        return troubled(case, f"the system is {event.plan.verdict}",
                        "see the findings, mend what keeps them from being told, and release the case")
    found = {"plan": event.plan, "identity": event.identity, "inspected_at": event.at,
             "findings_ref": event.findings_ref}
    if case.state in EARLY:
        return into(case, S.INSPECTED, **found)
    agreed = case.approval.plan if case.approval else case.plan
    if agreed and agreed.covers(event.plan) and event.plan.verdict is Verdict.READY:
        return case.model_copy(update=found)
    covered = agreed is not None and agreed.covers(event.plan)
    approval = case.approval if covered else None
    return into(case, S.INSPECTED, **(without_window(case) | found | {"approval": approval}))


@move(Notified, leads((S.INSPECTED, (S.NOTIFIED, *AFTER_NOTICE))), reports=[Step.NOTIFY])
def notified(case: C, event: Notified) -> C | Refused:
    """With messages under way the case waits until they are delivered: a notice that never left is no notice."""
    return into(case, S.NOTIFIED) if event.message_ids else _after_notice(case)


@move(Delivered, leads((S.NOTIFIED, AFTER_NOTICE)))
def delivered(case: C, event: Delivered) -> C | Refused:
    return _after_notice(case)


def _after_notice(case: C) -> C:
    plan = case.plan
    if plan is None:
        return troubled(case, "the client was told of no inspection", "release the case", resume=S.ASSIGNED)
    if plan.verdict is Verdict.READY:
        return into(case, S.READY)
    again = sorted({action.check_id for action in plan.actions if action.id in case.remediated})
    if again:
        return troubled(case, f"what was agreed has been done and {', '.join(again)} still stands",
                        "mend it by hand or waive it, then release the case", resume=S.ASSIGNED)
    if not plan.actions:
        return troubled(case, "findings stand in the way for which no remedy is known",
                        "waive them with `uplift case waive`, or cancel the case", resume=S.ASSIGNED)
    approved = case.approval if case.agreed else None
    undecided = [a for a in plan.actions if a.needs_approval and not (approved and approved.approves(a.id))]
    return into(case, S.AWAITING_APPROVAL if undecided else S.REMEDIATING)


@move(
    Waived,
    also(
        stays((S.OPENED, S.ASSIGNED, S.REMEDIATING, *LATER, S.NEEDS_ENGINEER)),
        leads(((S.INSPECTED, S.NOTIFIED, S.AWAITING_APPROVAL, S.NEEDS_ENGINEER), S.ASSIGNED)),
    ),
)
def waived(case: C, event: Waived) -> C | Refused:
    """Early on a waiver has the system inspected again; later the inspection before the window takes it up."""
    if event.waiver.expires_on < event.at.date():
        return Refused(f"the waiver expired on {event.waiver.expires_on}", "choose a later day")
    waivers = (*case.waivers, event.waiver)
    if phase(case) in EARLY:
        return into(case, S.ASSIGNED, waivers=waivers)
    return case.model_copy(update={"waivers": waivers})
