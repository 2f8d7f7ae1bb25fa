"""Cases in a case database, told up to where a test begins, and the real console script to work on them."""
from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tasks.model import event as e
from tasks.model.case import Case, State, Step
from tasks.model.fleet import Environment
from tasks.model.plan import Plan
from tasks.model.window import Window
from tasks.rules.lifecycle import Refused, open_case
from tasks.wire.store import Store
from tests.rules.story import NEEDED_S, READY_PLAN, Story, opened

ZONE = "Asia/Tokyo"         # no summer time: the tests hold on every day of the year
AGO = {                     # a story is begun so long ago that its state is of today
    State.TESTING: timedelta(days=3, hours=6), State.WATCHING: timedelta(days=3, hours=6),
    State.REVERTED: timedelta(days=3, hours=6),
}


class Told(Story):
    """A story of a client in Tokyo that began some time ago."""

    def __init__(self, began: datetime, environment: Environment, found: Plan, **said: Any) -> None:
        super().__init__(environment, found)
        self.opening = opened(environment).model_copy(update={"at": began, **said})
        self.case = open_case(self.opening)
        self.now = began
        self.visited = [self.case.state]

    def tell(self, event: e.Event) -> Case:
        if isinstance(event, e.Proposed):
            nights = (event.at + timedelta(days=3 + number) for number in range(len(event.slots)))
            event = event.model_copy(update={"slots": tuple(map(in_tokyo, nights))})
        return super().tell(event)


def in_tokyo(starts_at: datetime, duration_s: float = 7200) -> Window:
    local = starts_at.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None, second=0, microsecond=0)
    return Window.at_local(local, ZONE, duration_s=duration_s, needs_s=NEEDED_S)


def kept(home: Path, opening: e.Opened, told: list[e.Event]) -> Case:
    """The case in the case database, with its journal."""
    with Store.open(f"sqlite:///{home / 'uplift.db'}") as store:
        case, _ = store.open_case(opening)
        for event in told:
            moved = store.record(case.id, event)
            assert not isinstance(moved, Refused), f"{event.kind}: {moved}"
            case = moved
    return case


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def case_at(home: Path) -> Callable[..., Case]:
    """Opens a case in the test's case database and tells it, as its steps and people would, up to a state."""

    def case_at(
        state: State = State.OPENED, *, found: Plan = READY_PLAN, environment: Environment = Environment.STANDALONE,
        began: timedelta | None = None, more: tuple[Callable[[Case, datetime], e.Event], ...] = (), **said: Any,
    ) -> Case:
        ago = AGO.get(state, timedelta(hours=1)) if began is None else began
        story = Told(datetime.now(UTC) - ago, environment, found, **said).until(state)
        for make in more:
            story.tell(make(story.case, story.now))
        return kept(home, story.opening, story.told)

    return case_at


@pytest.fixture
def stored(home: Path) -> Callable[[str], Case]:
    """The case as the database has it now."""

    def stored(case_id: str = "C-1") -> Case:
        with Store.open(f"sqlite:///{home / 'uplift.db'}") as store:
            return store.case(case_id)

    return stored


@pytest.fixture
def kinds(home: Path) -> Callable[[str], list[str]]:
    """The kinds of the events in a case's journal, in order."""

    def kinds(case_id: str = "C-1") -> list[str]:
        with Store.open(f"sqlite:///{home / 'uplift.db'}") as store:
            return [entry.kind for entry in store.journal(case_id)]

    return kinds


@pytest.fixture
def running(home: Path) -> Callable[..., Case]:
    """A case whose step is under way, or due, just now."""

    def running(step: Step, *, started: bool = True) -> Case:
        began = datetime.now(UTC)
        story = Told(began, Environment.SERVERWARE, READY_PLAN).until_running(step)
        late = story.now - began + timedelta(minutes=5)     # told again, so that the step began a moment ago
        story = Told(began - late, Environment.SERVERWARE, READY_PLAN).until_running(step)
        told = story.told if started else story.told[:-1]
        return kept(home, story.opening, told)

    return running
