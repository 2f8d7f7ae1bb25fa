"""What is left to do of a plan that was agreed to, and by whom."""
from __future__ import annotations

from dataclasses import dataclass

from tasks.model.case import Case
from tasks.model.finding import Kind
from tasks.model.plan import Plan, PlanItem


@dataclass(frozen=True, slots=True)
class Todo:
    """Remediation ids, each once, in the plan's order. False where nothing is left."""

    undo: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()          # Uplift carries them out
    client: tuple[str, ...] = ()
    engineer: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.undo or self.commands or self.client or self.engineer)

    def __contains__(self, remediation_id: object) -> bool:
        return remediation_id in (*self.commands, *self.client, *self.engineer)


def todo(case: Case) -> Todo:
    """What was approved, or needs nobody's approval, and is not done; commands only while the approval counts."""
    approval = case.approval if case.agreed else None
    wanted = [
        action for action in (case.plan.actions if case.plan else ())
        if action.id not in case.remediated
        and (not action.needs_approval or (approval is not None and approval.approves(action.id)))
    ]

    def by(kind: Kind) -> tuple[str, ...]:
        return tuple(dict.fromkeys(action.id for action in wanted if action.kind is kind))

    return Todo(undo=case.undo, commands=by(Kind.COMMAND), client=by(Kind.CLIENT), engineer=by(Kind.ENGINEER))


def left_as_is(plan: Plan, declined: frozenset[str]) -> tuple[PlanItem, ...]:
    """The findings for which nothing remains that could be done, once these actions are declined.

    A finding with two remedies is not among them while one of the two is not declined.
    """
    asked: dict[tuple[str, str], set[str]] = {}
    for action in plan.actions:
        asked.setdefault((action.check_id, action.subject), set()).add(action.id)
    return tuple(
        item for item in plan.items
        if (ids := asked.get((item.check_id, item.subject))) and ids <= declined
    )
