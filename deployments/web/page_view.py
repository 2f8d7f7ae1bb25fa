"""What a client may do on the page now, and what the page says changed since its link was sent."""
from __future__ import annotations

from collections.abc import Iterable

from deployments.web.page_access import Visit
from reports.client_view import Changes
from reports.plain_words import plain_words
from reports.text import one_line
from tasks.model.case import State
from tasks.model.finding import Finding
from tasks.model.plan import Plan
from tasks.rules.todo import todo

DECIDING = (State.NOTIFIED, State.AWAITING_APPROVAL)


def may_decide(visit: Visit) -> bool:
    case = visit.case
    return (visit.contact.approves and not visit.lapsed and case.state in DECIDING and case.plan is not None
            and any(action.needs_approval for action in case.plan.actions))


def to_tick(visit: Visit) -> tuple[str, ...]:
    """The remediation ids that this contact may say to have done."""
    if visit.case.state is not State.REMEDIATING or visit.lapsed or not visit.contact.approves:
        return ()
    return todo(visit.case).client


def changed(
    before: Plan, findings_before: Iterable[Finding], now: Plan, findings_now: Iterable[Finding], language: str
) -> Changes:
    """What the plan of now has that agreeing to the one before would not cover, and what it no longer has."""
    words = plain_words(language)

    def told(keys: Iterable[tuple[str, str]], findings: Iterable[Finding]) -> tuple[str, ...]:
        known = {(each.check_id, each.subject): words.what(each) for each in findings}
        return tuple(dict.fromkeys(one_line(known.get(key) or words.of_check(key[0])) for key in keys))

    new = [(i.check_id, i.subject) for i in now.items if not any(old.covers(i) for old in before.items)]
    still = {(i.check_id, i.subject) for i in now.items}
    gone = [(i.check_id, i.subject) for i in before.items if (i.check_id, i.subject) not in still]
    return Changes(told(new, findings_now), told(gone, findings_before))
