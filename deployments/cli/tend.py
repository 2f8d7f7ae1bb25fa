"""``uplift tend``: the reconciler in this process, without Prefect. It starts what is due in each case.

Any number may run at once, beside Prefect's ``tend/minute``: a step is claimed under its key in the case database.
"""
from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from deployments.cli.case_record import case_store
from deployments.cli.case_story import next_sentence
from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, print_json, print_table, progress_console
from reports.text import one_line
from tasks.model.case import Case, Step
from tasks.model.errors import UserError
from tasks.rules.lifecycle import next_step
from tasks.steps.run_step import run_step
from tasks.steps.tend import tend_once
from tasks.steps.tend_mail import tend_mail
from tasks.steps.tickets import tend_tickets
from tasks.wire.home import find_home
from tasks.wire.store import Store, StoreUnavailable

_log = logging.getLogger(__name__)
EVERY_S = 60.0
AT_ONCE = 8         # steps that this process works on at a time; the others wait for their turn
TICKETS, MAIL = "tickets", "mail"
COLUMNS = ("case", "step", "run", "error", "state", "next")

Row = tuple[str, ...]


def tend(
    once: Annotated[bool, typer.Option("--once", help="One round, to the end of what it starts (a timer).")] = False,
    every: Annotated[float, typer.Option(min=1, max=3600, help="Seconds between two rounds.")] = EVERY_S,
    as_json: AsJson = False,
) -> None:
    """Start what is due in every case: once, or each minute until it is stopped. --json needs --once."""
    if as_json and not once:
        raise UserError("usage", "--json is one document, and tending without --once never ends", "add --once")
    home = find_home()
    with case_store() as store, progress_console().status("looking at every case") if once and not as_json else (
        nullcontext()
    ) as shown:
        tending = _Tending(store, home, shown, aloud=not once)
        asyncio.run(_until_stopped(tending.round() if once else tending.again_and_again(every), quietly=not once))
    if once:
        _tell(tending.ended, as_json=as_json)


def _tell(ended: list[Row], *, as_json: bool) -> None:
    if as_json:
        print_json([dict(zip(COLUMNS, row, strict=True)) for row in ended])
    elif ended:
        print_table(COLUMNS, ended)
    else:
        print("nothing is due")
    if any(row[3] for row in ended):
        raise typer.Exit(ExitCode.FAILED)


async def _until_stopped(work: Any, *, quietly: bool) -> None:
    """SIGINT and SIGTERM end it in order: what is under way gives its lease back and is taken up by who comes next."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not quietly:
            raise KeyboardInterrupt from None


@dataclass
class _Tending:
    """``working``: the runs that this process has begun; ``ended``: how those went that are over, newest last."""

    store: Store
    home: Path
    shown: Any = None
    aloud: bool = False         # tell each end as it comes, and keep none
    working: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    ended: list[Row] = field(default_factory=list)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def round(self) -> None:
        """Start what is due and wait for the end of it."""
        await self._start()
        await asyncio.gather(*self.working.values())

    async def again_and_again(self, every_s: float) -> None:
        """Rounds without end, told line by line. A database that is away for a while is waited for."""
        while True:
            try:
                await self._start()
            except StoreUnavailable as gone:
                progress_console().print(one_line(str(gone)), markup=False)
            await asyncio.sleep(every_s)

    async def _start(self) -> None:
        started = await tend_once(self.store, home=self.home, now=self.store.now, start=self._begin)
        for each in started:
            if each.error:
                await self._note(each.case_id, each.step, each.key, each.error)
        for name, turn, what, see in ((TICKETS, tend_tickets, "the desks", "see `uplift ticket poll`"),
                                      (MAIL, tend_mail, "the mail", "see `uplift mail list`")):
            if name not in self.working:
                self.working[name] = asyncio.create_task(self._beside(name, turn, what, see))

    async def _beside(self, name: str, turn: Callable[[Store, Path], list[str]], what: str, see: str) -> None:
        """The desks of tickets.yaml and the mail, beside the cases: a slow server delays none of them."""
        try:
            troubles = await asyncio.to_thread(turn, self.store, self.home)
        except StoreUnavailable as gone:
            troubles = [str(gone)]
        except Exception as error:      # a defect there must not take the steps of this round with it
            _log.debug("%s failed", name, exc_info=error)
            troubles = [f"{what} could not be looked through ({type(error).__name__}); report this as a defect"]
        finally:
            del self.working[name]
        for trouble in map(one_line, troubles):
            if self.aloud:
                print(trouble, flush=True)
            else:
                self.ended.append(("", name, "", trouble, "", see))

    async def _begin(self, case: Case, step: Step, key: str) -> None:
        if key not in self.working:
            self.working[key] = asyncio.create_task(self._work(case.id, step, key))
            self._show()

    async def _work(self, case_id: str, step: Step, key: str) -> None:
        error = ""
        try:
            async with self.turns:
                await run_step(case_id, step, home=self.home, store=self.store, now=self.store.now)
        except UserError as trouble:
            error = str(trouble)
        finally:
            del self.working[key]
        await self._note(case_id, step, key, error)
        self._show()

    async def _note(self, case_id: str, step: Step, key: str, error: str) -> None:
        try:
            case = await asyncio.to_thread(self.store.case, case_id)
            now, hold = await asyncio.to_thread(self.store.now), await asyncio.to_thread(self.store.hold)
            state, following = case.state.value, next_sentence(case, next_step(case, now, hold))
        except StoreUnavailable as gone:
            state, following, error = "unknown", "look again when the database answers", error or str(gone)
        row = tuple(map(one_line, (case_id, step, key, error, state, following)))
        if self.aloud:
            print(f"{row[0]} {row[1]}: {row[3] or row[4]}. Next: {row[5]}.", flush=True)
        else:
            self.ended.append(row)

    def _show(self) -> None:
        if self.shown is not None:
            self.shown.update("working on " + one_line(", ".join(self.working)) if self.working else "done")
