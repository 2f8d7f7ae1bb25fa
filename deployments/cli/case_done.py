"""``uplift case done``: what somebody did by hand is ticked off. The next inspection sees whether it is so."""
from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from deployments.cli.case_record import By, CaseId, HowTold, Told, record, typed_line
from deployments.cli.output import AsJson
from reports.text import one_line
from tasks.model.case import Case, How
from tasks.model.errors import UserError
from tasks.model.event import ActionTicked, Event
from tasks.rules.todo import todo


def done(
    case_id: CaseId,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="The action, as `uplift case show` names it.",
                                          callback=typed_line)],
    by: By,
    note: Annotated[str, typer.Option("--note", help="What was done, for the journal.", callback=typed_line)] = "",
    how: HowTold = Told.COMMAND_LINE,
    as_json: AsJson = False,
) -> None:
    """Tick off an action that was done by hand. When nothing is left, the system is inspected again."""

    def make(case: Case, now: datetime) -> Event:
        _must_be_an_action(case, action)
        return ActionTicked(at=now, by=by, remediation_id=action, how=How(how), note=note)

    record(case_id, make, as_json=as_json)


def _must_be_an_action(case: Case, action: str) -> None:
    """Raises UserError where the plan has no such action: a slip of the pen is told apart from what is done already."""
    left = todo(case)
    open_ones = (*left.client, *left.engineer, *left.commands)
    if case.plan and action not in {each.id for each in case.plan.actions} and action not in case.remediated:
        known = f"what is left is {', '.join(open_ones)}" if open_ones else "nothing is left to do"
        raise UserError("unknown_action", f"the plan has no action {one_line(action)!r}", known)
