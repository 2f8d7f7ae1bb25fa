"""How a long measurement tells what it is doing, and how long it will still take."""
from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text


@dataclass(frozen=True)
class Phase:
    """A part of the measurement and how long it takes as a rule."""

    text: str
    expected_s: float


class _Left(ProgressColumn):
    """What the phases to come take as a rule, and what is left of this one."""

    def __init__(self, course: Course) -> None:
        super().__init__()
        self._course = course

    def render(self, task: Task) -> Text:
        self._course.tick()
        return Text(self._course.left())


class Course:
    """A line with a bar on a terminal; elsewhere a line as each phase begins. Both on standard error."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self._left_s = sum(phase.expected_s for phase in phases)
        self._phase, self._began, self._whose = Phase("", 0.0), time.monotonic(), ""
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _Left(self),
            console=Console(stderr=True), transient=True, refresh_per_second=2,
        )
        self._task = self._progress.add_task("", total=self._left_s)

    def __enter__(self) -> Course:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def of(self, whose: str) -> None:
        """The phases that follow are those of ``whose``."""
        self._whose = whose

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        self._phase, self._began = phase, time.monotonic()
        self._progress.update(self._task, description=f"{self._whose}: {phase.text}")
        if not self._progress.console.is_terminal:
            self._progress.console.print(f"{self._whose}: {phase.text} ({self.left()})")
        yield
        self._left_s -= phase.expected_s
        self._phase = Phase("", 0.0)

    def left(self) -> str:
        left_s = round(self._still_s())
        return f"some {left_s // 60}:{left_s % 60:02} left"

    def tick(self) -> None:
        total = self._progress.tasks[0].total or 0.0
        self._progress.update(self._task, completed=total - self._still_s())

    def _still_s(self) -> float:
        """A phase that outlasts what it takes as a rule adds nothing: the next ones are still to come."""
        return max(0.0, self._left_s - min(time.monotonic() - self._began, self._phase.expected_s))
