"""``uplift hold``: the kill switch. While it is on no new change begins on any system; what runs is followed."""
from __future__ import annotations

import typer

from deployments.cli.case_record import By, Reason, case_store
from deployments.cli.output import AsJson, print_json
from reports.text import one_line
from tasks.model.errors import UserError
from tasks.model.ledger import Hold

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The kill switch: no new change on any system.")


@app.command()
def on(reason: Reason, by: By, as_json: AsJson = False) -> None:
    """From now on no new change begins anywhere. Upgrades that were launched are followed, never killed."""
    if not reason:
        raise UserError("no_reason", "a hold needs its reason", "say with --reason why everything stops")
    with case_store() as store:
        store.put_hold(by, reason)
        standing = store.hold()
    _tell(standing, as_json=as_json)


@app.command()
def off(by: By, as_json: AsJson = False) -> None:
    """Lift every hold; what is due begins again within a minute."""
    with case_store() as store:
        lifted = store.lift_hold(by)
    if as_json:
        print_json({"holding": False, "lifted": lifted})
    else:
        print(f"{lifted} {'hold' if lifted == 1 else 'holds'} lifted; changes may begin again" if lifted
              else "no hold stood")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Whether changes are held, by whom and why."""
    with case_store() as store:
        standing = store.hold()
    _tell(standing, as_json=as_json)


def _tell(hold: Hold | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"holding": hold is not None, "hold": hold.model_dump(mode="json") if hold else None})
    elif hold is None:
        print("no hold: changes may begin")
    else:
        print(one_line(f"held by {hold.by} since {hold.at:%Y-%m-%d %H:%M} UTC: {hold.reason}"))
