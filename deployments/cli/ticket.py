"""``uplift ticket open``: a client's order becomes a case, once."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.case_record import By, case_store, typed_line
from deployments.cli.case_story import case_row, next_sentence
from deployments.cli.output import AsJson, print_json
from reports.text import one_line
from tasks.model.errors import UserError
from tasks.model.release import Release
from tasks.rules.lifecycle import next_step
from tasks.wire.home import find_home

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Open a case for a client's order.")


@app.callback()
def ticket() -> None:
    """Open a case for a client's order."""


@app.command("open")
def open_order(
    fleet: Annotated[Path, typer.Option(help="fleet.yaml, a CSV file, or a folder of either.")],
    system: Annotated[str, typer.Option(metavar="ID", help="The system, as the fleet file names it.",
                                        callback=typed_line)],
    target: Annotated[str, typer.Option(metavar="RELEASE", help="The release that was ordered, like 8.2.0.")],
    order: Annotated[str, typer.Option(metavar="REF", help="The store's reference of the order.", callback=typed_line)],
    by: By,
    as_json: AsJson = False,
) -> None:
    """Open the order's case. The same order is always the same case, however often it is opened."""
    from tasks.steps.intake import open_ticket

    try:
        release = Release.parse(target)
    except ValueError:
        raise UserError("bad_release", f"{one_line(target)!r} is not a release", "write it like 8.2.0") from None
    if not 0 < len(order) <= 190:
        raise UserError("bad_order", "the order's reference is empty or longer than 190 characters", "give it as it is")
    with case_store() as store:
        case, new = open_ticket(
            store, home=find_home(), fleet=fleet.absolute(), system_id=system, target=release, order_ref=order, by=by
        )
        what = next_step(case, store.now(), store.hold())
    if as_json:
        print_json(case_row(case, what) | {"new": new})
    else:
        print(f"{case.id} was opened for {one_line(case.client)}" if new else
              f"the order {case.order_ref} is case {case.id} already, and it is {case.state}")
        print(f"Next: {next_sentence(case, what)}.")
