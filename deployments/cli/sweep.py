"""``uplift sweep`` and ``uplift judge``: the fleet's readiness, from the shell."""
from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from deployments.cli.output import print_json, print_verdicts, progress_console
from deployments.cli.prefect_server import prefect_api
from tasks.model.answer import ContactState, Recording
from tasks.model.errors import Failure, UserError
from tasks.model.release import Release
from tasks.model.sweep import SweepOptions
from tasks.steps.open_sweep import on_planned, open_sweep
from tasks.wire.home import find_home
from tasks.wire.sweep_folder import SweepFolder

Fleet = Annotated[Path, typer.Argument(help="fleet.yaml, a CSV file, or a folder of either")]
Json = Annotated[bool, typer.Option("--json", help="print the summary as JSON")]


def sweep(
    fleet: Fleet,
    target: Annotated[str, typer.Option(help="the release to be ready for, e.g. 7.2.0")],
    out: Annotated[Path, typer.Option(help="the folder for the report and the raw answers")],
    select: Annotated[str | None, typer.Option(help="which systems, e.g. 'tag=vip and country=GB'")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=2000, help="visits at once")] = 50,
    mysql: Annotated[bool, typer.Option("--mysql/--no-mysql", help="ask the databases too")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="go on with the sweep that --out holds")] = False,
    as_json: Json = False,
) -> None:
    """Inspect every system, read only, and say which are ready for a release and what stands in the way.

    At set times: `uplift sweep schedule`.
    """
    release = _release(target)
    home = find_home(None)
    options = SweepOptions(target=release, select=select, concurrency=concurrency, mysql=mysql)
    folder = SweepFolder(out.resolve(), home)
    with folder.locked():       # a mistake is told at once, before Prefect is started
        open_sweep(folder, fleet, options, home, resume=resume)
    arguments = {
        "fleet": str(fleet),
        "target": str(release),
        "out": str(folder.path),
        "select": select,
        "concurrency": concurrency,
        "mysql": mysql,
        "resume": True,
        "home": str(home),
    }
    with ExitStack() as server:
        with nullcontext() if as_json else progress_console().status("starting Prefect"):
            server.enter_context(prefect_api(home))
            from prefect.exceptions import TerminationSignal  # Prefect reads its settings as it is imported

            from flows.sweep import sweep as sweep_flow
        try:
            summary = asyncio.run(_with_progress(sweep_flow, arguments, show=not as_json))
        except (asyncio.CancelledError, TerminationSignal):     # the latter is Prefect's own answer to SIGTERM
            kept = f"the sweep was interrupted and {folder.path} keeps what was answered"
            raise Failure("interrupted", kept, "go on with --resume") from None
    _tell(summary, out, as_json)


def judge(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="a folder that a sweep wrote")],
    as_json: Json = False,
) -> None:
    """Judge a stored sweep again with today's checks, without another login, and write its report anew."""
    from tasks.steps.judge_sweep import judge_sweep

    folder = SweepFolder(directory)
    with folder.locked(must_exist=True), _progress(show=not as_json) as progress:
        _follow_judging(progress)
        summary = judge_sweep(folder)
    _tell(summary, directory, as_json)


async def _with_progress(flow: Any, arguments: dict[str, Any], *, show: bool) -> dict[str, Any]:
    """Run the flow under a bar that grows with each visit; a signal ends it with a folder that can be resumed."""
    from tasks.steps.inspect_batch import on_visited

    with _progress(show=show) as progress:
        bar = progress.add_task("visiting", total=None)
        missed = 0

        def planned(left: int) -> None:
            progress.update(bar, total=left, description="visiting")

        def visited(recording: Recording) -> None:
            nonlocal missed
            missed += recording.contact.state is not ContactState.REACHED
            progress.update(bar, advance=1, description=f"visiting ({missed} not reached)" if missed else "visiting")

        on_planned.set(planned)
        on_visited.set(visited)
        _follow_judging(progress)
        running = asyncio.ensure_future(flow(**arguments))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        summary: dict[str, Any] = await running
        return summary


def _progress(*, show: bool) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=progress_console(), disable=not show)


def _follow_judging(progress: Any) -> None:
    """A bar of its own, which appears when judging begins: ten thousand systems take half a minute."""
    from tasks.steps.judge_sweep import on_judged

    bar = progress.add_task("judging", total=None, visible=False)

    def judged(done: int, shards: int) -> None:
        description = "writing the report" if done == shards else "judging"
        progress.update(bar, completed=done, total=shards, description=description, visible=True)

    on_judged.set(judged)


def _tell(summary: dict[str, Any], directory: Path, as_json: bool) -> None:
    if as_json:
        print_json(summary)
    else:
        print_verdicts(summary, directory / "report.html")
    if summary["unreachable"]:
        raise typer.Exit(3)


def _release(text: str) -> Release:
    try:
        return Release.parse(text)
    except ValueError as error:
        raise UserError("bad_release", str(error), "name the target release with --target 7.2.0") from None
