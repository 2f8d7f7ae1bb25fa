"""The client's word on what is to be done, and the doing of it."""
from __future__ import annotations

from tasks.model.case import Approval, State, Step
from tasks.model.case import Case as C
from tasks.model.event import Approved, Declined, Remediated
from tasks.model.finding import Verdict
from tasks.rules.moves.table import Refused, also, into, leads, move, stays, troubled

S = State
LAPSED = "the plan has changed since it was shown"
SHOW_AGAIN = "show the client the plan as it is now and ask again"


@move(
    Approved,
    also(leads(((S.NOTIFIED, S.AWAITING_APPROVAL), (S.REMEDIATING, S.READY, S.NEEDS_ENGINEER))),
         stays((S.READY, S.PROPOSED))),
)
def approved(case: C, event: Approved) -> C | Refused:
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
    refused = sorted(name for name in needed if not decided[name])
    if refused:
        return troubled(case, f"the client declines {', '.join(refused)}",
                        "agree on another way, waive the finding or cancel the case", resume=S.AWAITING_APPROVAL)
    return into(case, S.REMEDIATING, approval=word)


@move(Declined, leads(((S.NOTIFIED, S.AWAITING_APPROVAL), S.NEEDS_ENGINEER)))
def declined(case: C, event: Declined) -> C | Refused:
    if case.plan_digest != event.digest:
        return Refused(LAPSED, SHOW_AGAIN)
    return troubled(case, f"the client declines: {event.reason}",
                    "agree on another way, waive the findings or cancel the case", resume=S.AWAITING_APPROVAL)


@move(Remediated, leads((S.REMEDIATING, S.ASSIGNED)), reports=[Step.REMEDIATE])
def remediated(case: C, event: Remediated) -> C | Refused:
    """What was done is never taken on trust: the system is inspected again."""
    done = tuple(dict.fromkeys((*case.remediated, *event.done)))
    return into(case, S.ASSIGNED, remediated=done)
