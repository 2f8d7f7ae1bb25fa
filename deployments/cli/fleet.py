"""``uplift fleet``: check, describe, enrol or import the fleet file."""
from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.enroll import enroll
from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, print_json
from reports.text import visible
from tasks.model.errors import FleetErrors, UserError
from tasks.model.fleet import Fleet
from tasks.wire.fleet_file import load_fleet
from tasks.wire.home import Home, named_home

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check, describe, enrol or import the fleet file.")
app.command()(enroll)

FleetPath = Annotated[Path, typer.Argument(metavar="FLEET", help="fleet.yaml, a CSV file, or a folder of either.")]


@app.command()
def check(fleet: FleetPath, as_json: AsJson = False) -> None:
    """Name every error of the fleet at once, each with its file, line and remedy."""
    try:
        found = load_fleet(fleet, home=named_home())
    except FleetErrors as errors:
        if as_json:
            raise
        for error in errors.errors:
            print(visible(str(error)), file=sys.stderr)
        print(f"{len(errors.errors)} errors" if len(errors.errors) > 1 else "1 error", file=sys.stderr)
        raise typer.Exit(ExitCode.BAD_INPUT) from None
    notes = _credential_notes(found)
    environments = Counter(system.environment.value for system in found.systems)
    if as_json:
        print_json({"systems": len(found.systems), "environments": dict(environments), "notes": notes})
        return
    print(f"{len(found.systems)} systems, no errors ({', '.join(f'{n} {name}' for name, n in environments.items())})")
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


@app.command()
def schema() -> None:
    """Print the JSON Schema of fleet.yaml (draft 2020-12), for editors and other programs."""
    described = Fleet.model_json_schema()
    described.pop("title", None)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Uplift fleet file"}
    print_json({**head, **described})


@app.command("import")
def import_csv(
    table: Annotated[Path, typer.Argument(metavar="CSV", help="The spreadsheet, saved as CSV.")],
    out: Annotated[Path | None, typer.Option(help="The file to write (default: print it).")] = None,
) -> None:
    """Turn a CSV into fleet.yaml, and say which columns could not be carried over."""
    from tasks.wire.fleet_writer import fleet_yaml

    if table.suffix.lower() != ".csv":
        raise UserError("not_csv", f"{table} is not a .csv file", "save the spreadsheet as CSV (UTF-8, commas)")
    dropped: list[str] = []
    text = fleet_yaml(load_fleet(table, home=named_home(), dropped=dropped))
    if out is None:
        print(text, end="")
    else:
        _write_new(out, text)
    for column in dropped:
        print(f"not carried over: the column {column!r}", file=sys.stderr)


def _write_new(path: Path, text: str) -> None:
    """Write a file that was not there, readable by its owner's group: a fleet file holds no secret."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        raise UserError("file_exists", f"{path} exists", "name another --out, or remove it first") from None
    except OSError as error:
        raise UserError("file_unwritable", f"{path} cannot be written ({error.strerror})", "correct --out") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _credential_notes(fleet: Fleet) -> list[str]:
    """Credentials that the fleet names and this machine lacks: no error of the file, which may be used elsewhere."""
    path = Home(named_home()).credentials
    named = {system.ssh.credential for system in fleet.systems}
    named |= {system.change_credential for system in fleet.systems if system.change_credential}
    if not path.exists():
        return [f"{path} does not exist; the fleet names the credentials {', '.join(sorted(named))}"]
    from tasks.wire.credentials import Credentials

    missing = sorted(named - set(Credentials.load(path).sources))
    return [f"{path} has no credential {name!r}" for name in missing]
