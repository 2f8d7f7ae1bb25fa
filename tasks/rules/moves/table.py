"""The table of moves, and what several of them share."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tasks.model.case import Case, State, Step, Trouble
from tasks.model.event import Happened

S = State
LIVE = tuple(state for state in State if state not in (S.CLOSED, S.CANCELLED))


@dataclass(frozen=True, slots=True)
class Refused:
    """A move that is not made, why, and what to do instead. Together they read as one sentence."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}"


Act = Callable[[Case, Any], Case | Refused]
E = TypeVar("E", bound=Happened)
Edges = Mapping[State, frozenset[State]]


@dataclass(frozen=True)
class Move:
    """``edges``: from which states it is possible and where it may lead (a state that leads to itself stays).

    ``reports``: the steps whose run may report it; ``ends_run``: whether the run is over with it; ``any_time``: a
    person may record it while a step that changes the system is under way.
    """

    event: type[Happened]
    edges: Edges
    act: Act
    reports: frozenset[Step]
    ends_run: bool
    any_time: bool


MOVES: dict[type[Happened], Move] = {}


def move(
    event: type[E],
    edges: Edges,
    *,
    reports: Iterable[Step] = (),
    ends_run: bool = True,
    any_time: bool = False,
) -> Callable[[Callable[[Case, E], Case | Refused]], Callable[[Case, E], Case | Refused]]:
    def register(act: Callable[[Case, E], Case | Refused]) -> Callable[[Case, E], Case | Refused]:
        MOVES[event] = Move(event, edges, act, frozenset(reports), ends_run, any_time)
        return act

    return register


def leads(*routes: tuple[Iterable[State] | State, Iterable[State] | State]) -> Edges:
    """Edges from pairs of (from, to), each a state or several."""
    edges: dict[State, frozenset[State]] = {}
    for sources, targets in routes:
        for source in [sources] if isinstance(sources, State) else sources:
            more = frozenset([targets] if isinstance(targets, State) else targets)
            edges[source] = edges.get(source, frozenset()) | more
    return edges


def stays(states: Iterable[State]) -> Edges:
    return {state: frozenset({state}) for state in states}


def also(*parts: Edges) -> Edges:
    """Several tables of edges as one."""
    return leads(*((source, targets) for part in parts for source, targets in part.items()))


def into(case: Case, state: State, **changes: Any) -> Case:
    """The case in another state; trouble is over unless it is given."""
    return case.model_copy(update={"state": state, "trouble": None, **changes})


def troubled(case: Case, reason: str, remedy: str, *, resume: State | None = None, **changes: Any) -> Case:
    """The case in its engineer's hands; releasing it goes back to ``resume`` (this state unless told)."""
    back = resume or (case.trouble.resume if case.trouble else case.state)
    trouble = Trouble(reason=reason, remedy=remedy, resume=back)
    return case.model_copy(update={"state": S.NEEDS_ENGINEER, "trouble": trouble, **changes})


def phase(case: Case) -> State:
    """The state, or, while the case waits for its engineer, the one that it would go back to."""
    return case.trouble.resume if case.trouble else case.state


def without_window(case: Case) -> dict[str, Any]:
    """The changes by which a case loses its window: a new plan revision, so that no key is used twice.

    A clone that was made stays in ``retained``, to be removed at its deadline.
    """
    return {
        "plan_revision": case.plan_revision + 1, "attempts": {}, "slots": (), "window": None, "window_opened": False,
        "attested": None, "backup": None, "running": None, "deaths": 0,
    }
