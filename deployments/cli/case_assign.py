"""``uplift case assign``: a case is given to an engineer, by hand or by the rules of engineers.yaml."""
from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from deployments.cli.case_record import By, CaseId, accepted, case_store, made, record, tell, typed_line
from deployments.cli.case_story import case_row
from deployments.cli.engineers import known_engineers
from deployments.cli.output import AsJson, print_json, print_table
from reports.text import one_line
from tasks.model.case import OVER, Case
from tasks.model.errors import UserError
from tasks.model.event import Assigned
from tasks.rules.assignment import Assignment, Candidate
from tasks.rules.lifecycle import next_step
from tasks.wire.engineers import load_engineers
from tasks.wire.home import find_home
from tasks.wire.store import Store
from tasks.wire.validation import nearest

COLUMNS = ("engineer", "fits", "at work", "load", "why")


def assign(
    case_id: CaseId,
    by: By,
    engineer: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The engineer, as in the fleet file.",
                                                   callback=typed_line)] = None,
    auto: Annotated[bool, typer.Option("--auto", help="By the rules of engineers.yaml.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --auto: only show who would get it, and why.")
                       ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the journal.", callback=typed_line)] = "",
    as_json: AsJson = False,
) -> None:
    """Give the case to an engineer: to the one that you name, or with --auto to the one that the rules name."""
    if auto == (engineer is not None) or (dry_run and not auto):
        raise UserError("usage", "an engineer is named, or chosen by the rules",
                        "give NAME, or --auto, which may have --dry-run")
    home = find_home()
    if engineer is None:
        _by_the_rules(case_id, home, by, reason, dry_run=dry_run, as_json=as_json)
        return
    doubt = _doubt(case_id, home, engineer)
    if doubt:
        print(f"note: {one_line(doubt)}", file=sys.stderr)
    why = "; ".join(part for part in (reason, f"by hand, though {doubt}" if doubt else "") if part)
    record(case_id, lambda case, now: Assigned(at=now, by=by, engineer=engineer, reason=why), as_json=as_json,
           as_seen=False)


def _doubt(case_id: str, home: Path, name: str) -> str:
    """Why the rules would not give the case to this one; "" where nothing speaks against it, or nothing is known.

    Raises UserError for a name that engineers.yaml does not have: a case of nobody would be waited for in vain.
    """
    from tasks.steps.assignment import chosen_for

    engineers = load_engineers(home)
    if not engineers.engineers:
        return ""
    if engineers.named(name) is None:
        raise UserError("engineer_unknown", f"engineers.yaml has no {name!r}",
                        nearest(name, [each.name for each in engineers.engineers]).replace("remove it", "name another"))
    with case_store() as store:
        case = store.case(case_id)
        try:
            chosen = chosen_for(store, home, case, engineers, store.now())
        except UserError:               # its fleet file cannot be used here: a person's word counts all the same
            return ""
    theirs = next(each for each in chosen.candidates if each.name == name)
    return "" if theirs.fits else f"{name} {theirs.reason}"


def _by_the_rules(case_id: str, home: Path, by: str, reason: str, *, dry_run: bool, as_json: bool) -> None:
    from tasks.steps.assignment import chosen_for

    engineers = known_engineers(home)
    with case_store() as store:
        case = store.case(case_id)
        if dry_run:
            if case.state in OVER:
                raise UserError("refused", f"the case is {case.state}", "leave it; nothing is left to assign")
            _show(chosen_for(store, home, case, engineers, store.now()), as_json=as_json)
            return
        chosen, case = asyncio.run(_recorded(store, home, case, by, reason))
        if as_json:
            row = case_row(case, next_step(case, store.now(), store.hold()))
            print_json(row | {"assignment": _told(chosen)})
        else:
            print(f"{one_line(chosen.reason)}.")
            tell(store, case, as_json=False)


async def _recorded(store: Store, home: Path, case: Case, by: str, reason: str) -> tuple[Assignment, Case]:
    """Raises UserError where nobody fits, and Failure where others assign for too long."""
    from tasks.steps.assignment import PATIENCE_S, chosen_for, in_turn, still

    async with in_turn(store, f"case assign {case.id}", PATIENCE_S) as lease:
        chosen = chosen_for(store, home, case, known_engineers(home), store.now())
        if chosen.engineer is None:
            raise UserError("nobody_fits", one_line(chosen.reason), "name an engineer, or correct engineers.yaml")
        name, why = chosen.engineer, "; ".join(part for part in (reason, chosen.reason) if part)
        await still(store, lease)
        event = made(lambda _, now: Assigned(at=now, by=by, engineer=name, reason=why[:2000]), case, store.now())
        return chosen, accepted(store.record(case.id, event))


def _show(chosen: Assignment, *, as_json: bool) -> None:
    if as_json:
        print_json(_told(chosen))
        return
    print_table(COLUMNS, [(each.name, "yes" if each.fits else "no", "yes" if each.at_work else "no",
                           f"{each.load:g} of {each.most}", each.reason) for each in chosen.candidates])
    verdict = f"it would go to {chosen.engineer}" if chosen.engineer else "it would go to nobody"
    print(f"{verdict}: {one_line(chosen.reason)}.")


def _told(chosen: Assignment) -> dict[str, Any]:
    return {"engineer": chosen.engineer, "reason": chosen.reason,
            "candidates": [_candidate(each) for each in chosen.candidates]}


def _candidate(one: Candidate) -> dict[str, Any]:
    return {"engineer": one.name, "fits": one.fits, "at_work": one.at_work, "load": one.load, "most_cases": one.most,
            "reason": one.reason}
