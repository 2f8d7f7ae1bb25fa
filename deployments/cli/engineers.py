"""``uplift engineers list|check``: who is at work, who is away, how busy each is, and whose cases need another."""
from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli.case_record import case_store
from deployments.cli.local_time import both_clocks
from deployments.cli.output import AsJson, print_json, print_table
from reports.text import one_line
from tasks.model.case import Case
from tasks.model.engineer import Engineer, Engineers
from tasks.model.errors import UserError
from tasks.rules.assignment import load_of
from tasks.rules.moves.table import LIVE
from tasks.rules.presence import absence_within, absent, next_shift
from tasks.rules.team import AHEAD_DAYS, gaps
from tasks.wire.engineers import NAME, load_engineers
from tasks.wire.fleet_file import load_fleet
from tasks.wire.home import find_home

if TYPE_CHECKING:
    from tasks.steps.assignment import Handover

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Who upgrades, and who is there.")
COLUMNS = ("engineer", "name", "at work", "away", "cases", "load")
PROPOSALS = ("case", "client", "state", "engineer", "why another", "could go to", "because")


def known_engineers(home: Path) -> Engineers:
    """Raises UserError where the site has no engineers.yaml."""
    found = load_engineers(home)
    if not found.engineers:
        raise UserError("engineers_missing", f"{home / NAME} names nobody",
                        "write it as docs/engineers.md says; until then the fleet file's engineer gets each case")
    return found


@app.command("list")
def list_engineers(as_json: AsJson = False) -> None:
    """Who is at work, away and how busy; and to whom the cases of those who are not there could go."""
    from tasks.steps.assignment import handovers

    home = find_home()
    engineers = known_engineers(home)
    with case_store() as store:
        now, cases = store.now(), store.cases(LIVE)
    rows = [_row(each, cases, now) for each in engineers.engineers]
    proposals = [_proposal(each) for each in handovers(home, engineers, cases, now)]
    if as_json:
        print_json({"engineers": rows, "handovers": proposals})
        return
    print_table(COLUMNS, [(
        row["engineer"], row["name"], _at_work(row),
        _away(row["absence"]), row["cases"], f"{row['load']:g} of {row['most_cases']}") for row in rows])
    if proposals:
        print()
        print_table(PROPOSALS, [(row["case_id"], row["client"], row["state"], row["engineer"], row["why"],
                                 row["to"] or "nobody", row["reason"]) for row in proposals])
        print("Give one away with `uplift case assign CASE --auto`; nothing is given away by itself.")


def _row(engineer: Engineer, cases: tuple[Case, ...], now: datetime) -> dict[str, Any]:
    begins, away = next_shift(engineer, now), absence_within(engineer, now, AHEAD_DAYS)
    here = absent(engineer, now) is None
    return {
        "engineer": engineer.name, "name": engineer.full_name, "email": engineer.email, "zone": engineer.zone,
        "at_work": here and begins is None, "present": here,
        "next_shift": begins.isoformat(timespec="seconds") if begins else None,
        "next_shift_local": both_clocks(begins, engineer.zone) if begins else None,
        "absence": away.model_dump(mode="json") if away else None,
        "cases": sum(case.engineer == engineer.name for case in cases), "load": load_of(engineer.name, cases),
        "most_cases": engineer.most_cases,
    }


def _at_work(row: dict[str, Any]) -> str:
    if not row["present"]:
        return "away"
    return "now" if row["at_work"] else f"from {row['next_shift_local']}"


def _away(absence: dict[str, Any] | None) -> str:
    return f"{absence['first']} to {absence['last']} ({absence['reason']})" if absence else ""


def _proposal(found: Handover) -> dict[str, Any]:
    away = f"away until {found.absence.last}" if found.absence else "not in engineers.yaml"
    return {
        "case_id": found.case.id, "client": found.case.client, "state": found.case.state,
        "engineer": found.case.engineer, "why": away, "to": found.chosen.engineer if found.chosen else None,
        "reason": found.chosen.reason if found.chosen else found.trouble,
    }


@app.command()
def check(
    fleet: Annotated[Path | None, typer.Option(help="Look at this fleet's engineers and editions too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Name every mistake in engineers.yaml, and what the team leaves open."""
    home = find_home()
    engineers = known_engineers(home)
    systems = load_fleet(fleet, home=home).systems if fleet else ()
    with case_store() as store:
        open_ends = gaps(engineers, systems, store.cases(LIVE), store.now())
    if as_json:
        print_json({"engineers": len(engineers.engineers), "notes": open_ends})
        return
    count = len(engineers.engineers)
    print(f"{count} engineer{'s' * (count > 1)}, no mistakes")
    for note in open_ends:
        print(f"note: {one_line(note)}", file=sys.stderr)
