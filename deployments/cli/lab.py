"""``uplift lab``: a fleet in a box, made of real systems and a swarm of simulated ones."""
from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deployments.lab import down as lab_down
from deployments.lab import status as lab_status
from deployments.lab import up as lab_up
from deployments.lab.progress import ConsoleReporter
from deployments.lab.spec import ApplianceSpec, read_spec
from deployments.lab.trouble import LabError

app = typer.Typer(help="A fleet in a box: real appliances in containers, and a swarm of simulated systems.")

Directory = Annotated[Path, typer.Option("--dir", help="The folder that holds the lab.", file_okay=False)]


@app.command()
def up(
    directory: Directory,
    appliances: Annotated[int | None, typer.Option(min=0, max=200, help="How many appliances; 2 if no --spec.")] = None,
    swarm: Annotated[int, typer.Option(min=0, max=15_000, help="How many simulated systems.")] = 0,
    spec: Annotated[Path | None, typer.Option(help="YAML: appliances: a list with each one's properties.")] = None,
    network: Annotated[int, typer.Option(min=0, max=255, help="Keeps labs on one machine apart.")] = 0,
) -> None:
    """Bring the lab up, or complete one that is there; writes DIR/fleet.yaml and DIR/home."""
    try:
        wanted = list(read_spec(spec).appliances) if spec else []
        count = appliances if appliances is not None else len(wanted) or 2
        if count < len(wanted):
            raise LabError(f"{spec} describes {len(wanted)} appliances; leave --appliances away or raise it")
        wanted += [ApplianceSpec()] * (count - len(wanted))
        with ConsoleReporter() as reporter:
            lab = lab_up.up(directory, wanted, swarm, network, reporter)
    except LabError as error:
        raise _told(error) from error
    typer.echo(f"{len(lab.appliances)} appliances and {swarm} simulated systems are up")
    typer.echo(f"fleet file: {lab.fleet}")
    typer.echo(f"export UPLIFT_HOME={lab.home}")


@app.command()
def down(directory: Directory) -> None:
    """Take the lab down; nothing of it stays."""
    try:
        was_there = lab_down.down(directory)
    except LabError as error:
        raise _told(error) from error
    typer.echo(f"the lab in {directory} is down" if was_there else f"there is no lab in {directory}")


@app.command()
def status(
    directory: Directory, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Say what the lab holds and how each system is."""
    systems = lab_status.status(directory)
    if as_json:
        typer.echo(json.dumps({"directory": str(directory), "systems": [asdict(system) for system in systems]}))
        return
    if not systems:
        typer.echo(f"there is no lab in {directory}")
        return
    table = Table("system", "role", "address", "state")
    for system in systems:
        table.add_row(system.name, system.role, system.address, system.state)
    Console().print(table)


def _told(error: LabError) -> typer.Exit:
    typer.echo(f"uplift lab: {error}", err=True)
    return typer.Exit(1)
