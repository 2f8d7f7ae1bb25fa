"""``uplift case remedies|remediate|undo``: what the commands of a plan would do, doing it, and taking it back."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from typing import Annotated, Any

import typer

from deployments.cli.case_record import By, CaseId, Reason, case_store, record
from deployments.cli.case_run import run_due_step
from deployments.cli.output import AsJson, print_json, print_table, progress_console
from reports.text import one_line
from tasks.model.case import Case, Step
from tasks.model.errors import UserError
from tasks.model.event import UndoAsked
from tasks.model.finding import Kind
from tasks.model.preview import Preview
from tasks.rules.todo import todo
from tasks.wire.case_folder import CaseFolder
from tasks.wire.home import find_home

COLUMNS = ("action", "decision", "items", "size", "oldest", "newest", "can be undone", "what it does")


def remedies(
    case_id: CaseId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count on the system now, without a change; what is shown "
                                          "otherwise was counted at the last inspection.")] = False,
    as_json: AsJson = False,
) -> None:
    """What each command of the plan would do: how much, how old, whether it can be undone."""
    from tasks.steps.previews import previews_of

    home = find_home()
    with case_store() as store:
        case, now = store.case(case_id), store.now()
    if case.plan is None:
        raise UserError("not_inspected", f"{case_id} has not been inspected yet, so it has no plan",
                        "wait for its inspection; `uplift case show` says what is next")
    folder = CaseFolder(home, case_id)
    if dry_run:
        with nullcontext() if as_json else progress_console().status("counting on the system"):
            found = asyncio.run(_counted(case, folder, now))
    else:
        found = previews_of(case, folder)
    rows = list(_rows(case, found))
    if as_json:
        print_json(rows)
    elif rows:
        print_table(COLUMNS, [(*(row[name] for name in ("action", "decision")), *_measured(row)) for row in rows])
    else:
        print(f"The plan of {case_id} has no command.")


async def _counted(case: Case, folder: CaseFolder, now: datetime) -> tuple[Preview, ...]:
    from tasks.steps.case_site import Site
    from tasks.steps.previews import counted, findings_at

    assert case.plan is not None
    site = await asyncio.to_thread(Site.of, case, find_home())
    return await counted(site, case, case.plan, findings_at(case.findings_ref, folder), folder, now)


def _rows(case: Case, found: tuple[Preview, ...]) -> Iterator[dict[str, Any]]:
    """One for each command of the plan, counted or not."""
    counted = {preview.remediation_id: preview for preview in found}
    actions = case.plan.actions if case.plan else ()
    for name in dict.fromkeys(action.id for action in actions if action.kind is Kind.COMMAND):
        preview = counted.get(name) or Preview(remediation_id=name, lines=(), trouble="it was not counted")
        whole = preview.model_dump(mode="json", exclude={"remediation_id", "list_ref"})
        yield {"action": name, "decision": _decision(case, name), **whole}


def _decision(case: Case, name: str) -> str:
    if name in case.undo:
        return "to be undone"
    if name in case.remediated:
        return "done"
    if name in todo(case).commands:
        return "agreed"
    decided = [d.approved for d in case.approval.decisions if d.remediation_id == name] if case.approval else []
    if not decided:
        return "to be decided"
    return "agreed, to an older plan" if decided[-1] else "declined"


def _measured(row: dict[str, Any]) -> tuple[object, ...]:
    preview = Preview.model_validate({"remediation_id": row["action"], **{
        name: value for name, value in row.items() if name not in ("action", "decision")}})
    days = [f"{at:%Y-%m-%d}" if at else "" for at in (preview.oldest, preview.newest)]
    what = f"not counted: {preview.trouble}" if preview.trouble else "; ".join(preview.lines)
    known = () if preview.trouble else (f"{preview.items:,}", str(preview.size))
    return (*(known or ("", "")), *days, "yes" if preview.reversible else "no", one_line(what))


def remediate(case_id: CaseId, as_json: AsJson = False) -> None:
    """Carry out what was agreed to (and undo what is to be undone) if it is due, behind all guards."""
    run_due_step(case_id, Step.REMEDIATE, as_json=as_json)


def undo(
    case_id: CaseId,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="The action, as `uplift case remedies` names it.")],
    reason: Reason,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Have an action that Uplift carried out undone; the reconciler does it, or `uplift case remediate`."""
    record(
        case_id, lambda case, now: UndoAsked(at=now, by=by, remediation_id=one_line(action), reason=reason),
        as_json=as_json,
    )
