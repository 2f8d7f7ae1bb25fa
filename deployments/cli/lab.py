"""``uplift lab``: a fleet in a box, made of real systems and a swarm of simulated ones."""
from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.output import AsJson, print_json, print_table
from deployments.lab import down as lab_down
from deployments.lab import status as lab_status
from deployments.lab import up as lab_up
from deployments.lab.knobs import all_knobs, knob_named
from deployments.lab.progress import ConsoleReporter
from deployments.lab.spec import ApplianceSpec, LabSpec, read_spec
from deployments.lab.trouble import LabError

app = typer.Typer(help="A fleet in a box: real appliances in containers, and a swarm of simulated systems.")

Directory = Annotated[Path, typer.Option("--dir", help="The folder that holds the lab.", file_okay=False)]


@app.command()
def up(
    directory: Directory,
    appliances: Annotated[int | None, typer.Option(min=0, max=200, help="How many; 2 without --spec.")] = None,
    swarm: Annotated[int, typer.Option(min=0, help="How many simulated systems.")] = 0,
    spec: Annotated[Path | None, typer.Option(help="YAML: `appliances:` is a list of their properties.")] = None,
    knob: Annotated[list[str] | None, typer.Option(help="An appliance with this trait; see lab knobs.")] = None,
    network: Annotated[int, typer.Option(min=0, max=200, help="Keeps labs on one machine apart.")] = 0,
) -> None:
    """Bring the lab up, or complete one that is there; writes DIR/fleet.yaml and DIR/home."""
    asked = read_spec(spec) if spec else LabSpec()
    wanted = [*asked.appliances, *map(_with_knob, knob or ())]
    count = appliances if appliances is not None else len(wanted) or (0 if spec else 2)
    if count < len(wanted):
        raise LabError(f"{len(wanted)} appliances are described; leave --appliances away or raise it")
    wanted += [ApplianceSpec()] * (count - len(wanted))
    with ConsoleReporter() as reporter:
        lab = lab_up.up(directory, wanted, lab_up.Swarm(swarm, asked.swarm_faults), network, reporter)
    typer.echo(f"{len(lab.appliances)} appliances and {swarm} simulated systems are up")
    typer.echo(f"fleet file: {lab.fleet}")
    typer.echo(f"export UPLIFT_HOME={lab.home}")


@app.command()
def knobs(as_json: AsJson = False) -> None:
    """List the traits that an appliance can be given, and the check that finds each."""
    if as_json:
        print_json([{"knob": knob.name, "found_by": knob.found_by, "what": knob.what} for knob in all_knobs()])
    else:
        rows = [(knob.name, knob.found_by or "-", knob.what) for knob in all_knobs()]
        print_table(("knob", "found by", "what it is"), rows)


@app.command()
def down(directory: Directory) -> None:
    """Take the lab down; nothing of it stays."""
    was_there = lab_down.down(directory)
    typer.echo(f"the lab in {directory} is down" if was_there else f"there is no lab in {directory}")


@app.command()
def status(directory: Directory, as_json: AsJson = False) -> None:
    """Say what the lab holds and how each system is."""
    lab = lab_status.status(directory)
    if as_json:
        print_json(asdict(lab))
    elif not lab.systems:
        typer.echo(f"there is no lab in {directory}")
    else:
        rows = [(system.name, system.role, system.address, system.state) for system in lab.systems]
        print_table(("system", "role", "address", "state"), rows)
        typer.echo(f"{lab.swarm} simulated systems")


def _with_knob(name: str) -> ApplianceSpec:
    knob = knob_named(name)
    return ApplianceSpec(name=knob.name.replace("_", "-"), knobs=(knob.name,))
