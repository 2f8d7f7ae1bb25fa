"""What the client's page shows of a case: findings and actions in plain words, what changed, what may be decided."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deployments.web.page_access import Visit
from tasks.model.case import Case, State
from tasks.model.finding import Finding, Kind
from tasks.model.plan import Plan
from tasks.rules.todo import todo

DECIDING = (State.NOTIFIED, State.AWAITING_APPROVAL)


@dataclass(frozen=True, slots=True)
class Act:
    """One remediation, whatever number of findings it solves. ``approved`` None: not decided."""

    id: str
    text: str
    kind: Kind
    about: tuple[str, ...]
    downtime_s: int
    reversible: bool
    needs_approval: bool
    approved: bool | None
    done: bool


@dataclass(frozen=True, slots=True)
class Point:
    what: str
    why: str
    otherwise: str
    blocking: bool
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    points: tuple[Point, ...]
    acts: tuple[Act, ...]

    def act(self, name: str) -> Act | None:
        return next((each for each in self.acts if each.id == name), None)

    @property
    def asked(self) -> tuple[Act, ...]:
        return tuple(act for act in self.acts if act.needs_approval)


@dataclass(frozen=True, slots=True)
class Changed:
    """Between the plan that a link is about and the one of now, in plain words."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def may_decide(visit: Visit) -> bool:
    case = visit.case
    return (visit.contact.approves and not visit.lapsed and case.state in DECIDING and case.plan is not None
            and any(action.needs_approval for action in case.plan.actions))


def to_tick(visit: Visit) -> tuple[str, ...]:
    """The remediation ids that this contact may say to have done."""
    if visit.case.state is not State.REMEDIATING or visit.lapsed or not visit.contact.approves:
        return ()
    return todo(visit.case).client


def plain(finding: Finding) -> str:
    return finding.client_text or finding.summary


def shown(case: Case, findings: Iterable[Finding]) -> Shown:
    standing = [finding for finding in findings if finding.open]
    names = dict.fromkeys(step.id for finding in standing for step in finding.remediations)
    return Shown(
        points=tuple(Point(what=plain(f), why="", otherwise="", blocking=f.blocking,
                           acts=tuple(step.id for step in f.remediations)) for f in standing),
        acts=tuple(_act(case, name, standing) for name in names),
    )


def _act(case: Case, name: str, standing: list[Finding]) -> Act:
    steps = [(step, finding) for finding in standing for step in finding.remediations if step.id == name]
    first = steps[0][0]
    said = [d.approved for d in case.approval.decisions if d.remediation_id == name] if case.approval else []
    return Act(
        id=name, text=first.text, kind=first.kind, about=tuple(dict.fromkeys(plain(f) for _, f in steps)),
        downtime_s=max(step.downtime_s for step, _ in steps), reversible=all(step.reversible for step, _ in steps),
        needs_approval=any(step.needs_approval for step, _ in steps), approved=said[-1] if said else None,
        done=name in case.remediated,
    )


def changed(before: Plan, findings_before: Iterable[Finding], now: Plan, findings_now: Iterable[Finding]) -> Changed:
    """What the plan of now has that agreeing to the one before would not cover, and what it no longer has."""
    def words(items: Iterable[tuple[str, str]], findings: Iterable[Finding]) -> tuple[str, ...]:
        known = {(f.check_id, f.subject): plain(f) for f in findings}
        return tuple(dict.fromkeys(known[key] for key in items if key in known))

    new = [(i.check_id, i.subject) for i in now.items if not any(old.covers(i) for old in before.items)]
    still = {(i.check_id, i.subject) for i in now.items}
    gone = [(i.check_id, i.subject) for i in before.items if (i.check_id, i.subject) not in still]
    return Changed(words(new, findings_now), words(gone, findings_before))
