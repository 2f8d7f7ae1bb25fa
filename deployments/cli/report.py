"""``uplift report``: what people get of a sweep."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, print_rows
from tasks.model.errors import UserError
from tasks.model.ledger import OutboxState
from tasks.wire.home import find_home
from tasks.wire.sweep_folder import SweepFolder

app = typer.Typer(add_completion=False, no_args_is_help=True, help="What people get of a sweep.")


@app.callback()
def report() -> None:
    """What people get of a sweep."""


@app.command()
def mail(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="a folder that a sweep wrote")],
    as_json: AsJson = False,
) -> None:
    """Mail a sweep's report to the readers of mail.yaml who have not had it yet. Nobody gets it twice."""
    from tasks.steps.judge_sweep import require_complete
    from tasks.steps.mail_report import mail_report

    home = find_home()
    folder = SweepFolder(directory.resolve())
    require_complete(folder, folder.load()[0])
    mailed = mail_report(folder, home)
    if not mailed:
        raise UserError("no_mail_settings", f"{home / 'mail.yaml'} is not there or names no recipients, so nobody "
                        "is to be mailed", "write it as docs/mail.md shows")
    print_rows(("recipient", "state", "detail"), [(one.recipient, one.state.value, one.detail) for one in mailed],
               as_json=as_json)
    if any(one.state is not OutboxState.SENT for one in mailed):
        raise typer.Exit(ExitCode.FAILED)
