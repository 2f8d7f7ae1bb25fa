"""``uplift case upgrade|test``: a due step run in this process and followed, or an engineer's own verdict."""
from __future__ import annotations

import asyncio
import signal
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.case_journal import journal_line
from deployments.cli.case_record import By, CaseId, case_store, record, tell
from deployments.cli.case_story import next_sentence
from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, progress_console
from tasks.model.case import Case, State, Step
from tasks.model.errors import Failure, UserError
from tasks.model.event import TestsFailed, TestsPassed
from tasks.rules.lifecycle import Due, next_step
from tasks.wire.home import find_home
from tasks.wire.store import Store

LOOK_S = 1.0
GONE_ON = "what it began on the system is known there; the next run takes it up, and `uplift case follow` tells"


def upgrade(case_id: CaseId, as_json: AsJson = False) -> None:
    """Run the upgrade if it is due, behind all guards, and follow it to its end. A launched one is only followed."""
    run_due_step(case_id, Step.UPGRADE, as_json=as_json)


def test(
    case_id: CaseId,
    by: By,
    passed: Annotated[bool | None, typer.Option("--passed/--failed", help="The verdict of people's tests.")] = None,
    summary: Annotated[str | None, typer.Option(help="What was tested and seen; needed with a verdict.")] = None,
    watch_days: Annotated[int, typer.Option(min=0, max=90, help="How long the system is watched after passing.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Run the tests after the upgrade now if they are due, or record the verdict of those that people made."""
    if passed is None:
        if summary is not None:
            raise UserError("no_verdict", "a summary was given without its verdict", "add --passed or --failed")
        run_due_step(case_id, Step.VERIFY, as_json=as_json)
        return
    if not summary:
        raise UserError("no_summary", "a verdict needs what was tested and seen", "say it with --summary")
    watched = timedelta(days=watch_days)
    record(
        case_id,
        lambda case, now: TestsPassed(at=now, by=by, summary=summary, watch_until=now + watched) if passed else
        TestsFailed(at=now, by=by, summary=summary),
        as_json=as_json,
    )


def run_due_step(case_id: str, step: Step, *, as_json: bool) -> None:
    """Raises UserError where the step is not due; exit code 1 where the case then waits for its engineer."""
    home = find_home()
    with case_store() as store:
        before = store.case(case_id)
        _must_be_due(store, before, step)
        with nullcontext() if as_json else progress_console().status(f"{step} of {case_id}"):
            after = asyncio.run(_followed(store, before, step, home, aloud=not as_json))
        if after.running is not None:
            raise Failure("runs_elsewhere", f"{after.running.key} is run by another process",
                          f"follow it with `uplift case follow {case_id}`")
        if after.key_of(step) == before.key_of(step):       # its claim may not be written yet: the lease was enough
            raise Failure("runs_elsewhere", f"{before.key_of(step)} was not begun: another process works on "
                          f"{before.system_id}", f"follow it with `uplift case follow {case_id}`")
        tell(store, after, as_json=as_json)
    if after.state is State.NEEDS_ENGINEER:
        raise typer.Exit(ExitCode.FAILED)


def _must_be_due(store: Store, case: Case, step: Step) -> None:
    what = next_step(case, store.now(), store.hold())
    if not isinstance(what, Due) or what.step is not step:
        raise UserError("not_due", f"{step} is not due in {case.id}, which is {case.state}",
                        f"next is: {next_sentence(case, what)}")


async def _followed(store: Store, case: Case, step: Step, home: Path, *, aloud: bool) -> Case:
    """Run the step and print what the journal gains meanwhile."""
    from tasks.steps.run_step import run_step

    running = asyncio.ensure_future(run_step(case.id, step, home=home, store=store, now=store.now))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    known = len(await asyncio.to_thread(store.journal, case.id))
    try:
        while True:
            done, _ = await asyncio.wait({running}, timeout=LOOK_S)
            entries = await asyncio.to_thread(store.journal, case.id)
            for entry in entries[known:] if aloud else ():
                print(journal_line(entry), flush=True)
            known = len(entries)
            if done:
                return await running
    except asyncio.CancelledError:
        raise Failure("interrupted", f"{step} of {case.id} was interrupted here", GONE_ON) from None
