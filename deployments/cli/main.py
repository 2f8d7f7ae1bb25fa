"""The command `uplift`. Each command's module is imported only when it is called, so that help comes at once."""
from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import Abort, TyperException

from deployments.cli.errors import ExitCode, report_crash, report_user_error
from tasks.model.errors import UserError


@dataclass(frozen=True)
class Mount:
    """A command or a group of commands: its module, its line in the help, and its Typer app or function there."""

    module: str
    help: str
    name: str = "app"

    def load(self) -> Any:
        found = getattr(importlib.import_module(self.module), self.name)
        if isinstance(found, typer.Typer):
            return typer.main.get_group(found)      # not get_command: that adds options for shell completion
        single = typer.Typer(add_completion=False)
        single.command()(found)
        return typer.main.get_command(single)


MOUNTS = {
    "fleet": Mount("deployments.cli.fleet", "Check, describe, enrol or import the fleet file."),
    "lab": Mount("deployments.cli.lab", "A fleet of real systems on this machine, to try things on."),
    "checks": Mount("deployments.cli.checks", "List, explain or add the pre-checks."),
    "sweep": Mount("deployments.cli.sweep", "Inspect a fleet and report which systems are ready.", "sweep"),
    "precheck": Mount("deployments.cli.precheck", "Inspect one system now and say what stands in the way.", "precheck"),
    "trend": Mount("deployments.cli.trend", "What changed in the fleet since it was last swept.", "trend"),
    "case": Mount("deployments.cli.case", "One client's upgrade, from the ticket to the closed case."),
    "engineers": Mount("deployments.cli.engineers", "Who upgrades, and who is there."),
    "ticket": Mount("deployments.cli.ticket", "Orders: typed, from desks, or from a CSV file. Each is one case."),
    "mail": Mount("deployments.cli.mail", "What becomes of mail: sent, come back, in doubt."),
    "serve": Mount("deployments.cli.serve", "Serve the clients' page, and take orders by webhook.", "serve"),
    "tend": Mount("deployments.cli.tend", "Start what is due in every case, without Prefect.", "tend"),
    "hold": Mount("deployments.cli.hold", "The kill switch: no new change on any system."),
    "keys": Mount("deployments.cli.keys", "The keys that seal personal data on this machine's disk."),
    "report": Mount("deployments.cli.report", "Mail a sweep's report to its readers."),
    "judge": Mount("deployments.cli.sweep", "Judge a stored sweep again, without another login.", "judge"),
}
# A group beside a command of the same name: `uplift sweep FLEET` and `uplift sweep schedule`.
NESTED = {("sweep", "schedule"): Mount("deployments.cli.sweep_schedule", "When which systems are swept.")}


class LazyGroup(TyperGroup):
    """Lists its commands from MOUNTS and imports only the one that runs."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(MOUNTS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        mount = MOUNTS.get(cmd_name)
        return TyperCommand(cmd_name, help=mount.help) if mount else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        self.commands = {name: self.get_command(ctx, name) for name in MOUNTS}      # for "did you mean"
        name, _, rest = super().resolve_command(ctx, args)
        nested = NESTED.get((str(name), rest[0])) if rest else None
        command = (nested or MOUNTS[str(name)]).load()
        if nested:
            name, rest = f"{name} {rest[0]}", rest[1:]
        command.name = name
        return name, command, rest


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def uplift() -> None:
    """Upgrades a fleet of PBXware phone systems the way the vendor's engineers do."""


def main() -> None:
    """The console script: every way to end becomes an exit code of INTERFACES.md and one sentence."""
    sys.exit(int(run(sys.argv[1:])))


def run(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        ended = typer.main.get_command(app).main(args=arguments, prog_name="uplift", standalone_mode=False)
        return ended if isinstance(ended, int) else ExitCode.DONE
    except UserError as error:
        return report_user_error(error, as_json=as_json)
    except TyperException as error:
        return _bad_usage(error, as_json=as_json)
    except (Abort, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
        return 130
    except Exception as error:
        return report_crash(error, as_json=as_json)


def _bad_usage(error: TyperException, *, as_json: bool) -> ExitCode:
    """A wrong command line, in the same one sentence as any other mistake."""
    context = getattr(error, "ctx", None)
    if not str(error.format_message()).strip() and context is not None:      # called without a command: its help
        print(context.get_help(), file=sys.stderr)
        return ExitCode.BAD_INPUT
    path = context.command_path if context is not None else "uplift"
    message = error.format_message().strip().rstrip(".")
    return report_user_error(UserError("usage", message, f"see `{path} --help`"), as_json=as_json)
