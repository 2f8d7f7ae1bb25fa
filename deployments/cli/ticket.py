"""``uplift ticket``: a client's order becomes a case, once: typed, from desks, or from a CSV file."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.case_record import By, case_store, typed_line
from deployments.cli.case_story import case_row, next_sentence
from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, print_json, print_table
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


@app.command()
def poll(
    desk: Annotated[list[str] | None, typer.Option(help="Only this desk of tickets.yaml; may be given again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look through the desks of tickets.yaml once: new orders in, answers out. For a timer; two at once do no harm."""
    from tasks.steps.tickets import poll_all

    with case_store() as store:
        polled = poll_all(store, find_home(), only=desk or ())
    troubles = [(each.desk, one) for each in polled for one in ([each.error] if each.error else [])
                + each.delivered.troubles]
    if as_json:
        print_json([{
            "desk": each.desk, "busy": each.busy, "error": each.error, "troubles": each.delivered.troubles,
            "sent": each.delivered.sent, "unsure": each.delivered.unsure, "tickets": [vars(one) for one in each.seen],
        } for each in polled])
    else:
        for each in polled:
            what = "another poller is at it" if each.busy else (
                f"{len(each.seen)} orders, {each.delivered.sent} answers written, {each.delivered.unsure} unsure")
            print(f"{each.desk}: {what}")
        rows = [(one.ticket, one.outcome, one.case_id, one.detail) for each in polled for one in each.seen]
        if rows:
            print_table(("ticket", "outcome", "case", "why not"), rows)
        for name, trouble in troubles:
            print(f"{name}: {one_line(trouble)}")
    if troubles:
        raise typer.Exit(ExitCode.FAILED)


@app.command("import")
def import_orders(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Columns order, system, target.")],
    fleet: Annotated[Path, typer.Option(help="fleet.yaml, a CSV file, or a folder of either.")],
    by: By,
    as_json: AsJson = False,
) -> None:
    """Open a case for each order of a CSV file. A file with a fault opens none; the same file again opens none anew."""
    from tasks.model.ticket import Declined
    from tasks.steps.orders import Counter
    from tasks.wire.tickets.orders_csv import read_orders

    rows = read_orders(file)
    found: list[tuple[str, str, str, str]] = []
    with case_store() as store:
        counter = Counter(store, find_home(), fleet.absolute())
        for row in rows:
            taken = counter.take(row.asked, by=by)
            about = (row.asked.order_ref, row.asked.system_id or "")
            if isinstance(taken, Declined):
                found.append((*about, taken.why.value, taken.detail))
            else:
                found.append((*about, "opened" if taken.new else "known", taken.case.id))
    columns = ("order", "system", "outcome", "case or why not")
    if as_json:
        keys = ("order", "system", "outcome", "detail")
        print_json([dict(zip(keys, each, strict=True)) for each in found])
    elif found:
        print_table(columns, found)
    else:
        print("the file holds no order")
    if any(outcome not in ("opened", "known") for _, _, outcome, _ in found):
        raise typer.Exit(ExitCode.BAD_INPUT)
