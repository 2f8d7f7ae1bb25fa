"""How a long piece of lab work tells what it is doing."""
from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Reporter:
    """Says nothing: for tests and for programs."""

    def step(self, text: str) -> None:
        """A step of the whole lab has begun."""

    def calls(self, system: str, done: int, total: int) -> None:
        """``system`` now holds ``done`` of its ``total`` calls."""

    def ready(self, system: str, elapsed_s: float) -> None:
        """``system`` is up."""


class ConsoleReporter(Reporter):
    """One line a step, a bar for each table of calls, on standard error."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=Console(stderr=True), transient=True,
        )
        self._bars: dict[str, TaskID] = {}
        self._step: TaskID | None = None

    def __enter__(self) -> ConsoleReporter:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def step(self, text: str) -> None:
        if self._step is not None:
            self._progress.remove_task(self._step)
        self._step = self._progress.add_task(text, total=None)
        if not self._progress.console.is_terminal:
            self._progress.console.print(text)

    def calls(self, system: str, done: int, total: int) -> None:
        if system not in self._bars:
            self._bars[system] = self._progress.add_task(f"{system}: calls", total=total)
        self._progress.update(self._bars[system], completed=done)

    def ready(self, system: str, elapsed_s: float) -> None:
        if system in self._bars:
            self._progress.remove_task(self._bars.pop(system))
        self._progress.console.print(f"{system} is up ({elapsed_s:.1f} s)")
