"""A search over everything that could be reported, from good journeys on: the table of moves, no more and no less."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from tasks.model import event as e
from tasks.model.case import OVER, Case, State
from tasks.model.fleet import Environment
from tasks.rules.lifecycle import Due, Refused, apply, next_step, overdue
from tasks.rules.moves import MOVES
from tasks.rules.todo import todo
from tests.rules.books import PLANS, Books, declared
from tests.rules.possible import possible
from tests.rules.story import Story

S = State

Point = tuple[Case, datetime, Books]


def _journeys() -> Iterator[Point]:
    """Good journeys of both environments, at each of their events: where the search begins."""
    for environment in Environment:
        for found in PLANS:
            story, books = Story(environment, found), Books()
            while story.case.state is not S.CLOSED:
                before = len(story.told)
                yield story.case, story.now, books.copy()
                story.step()
                case = story.replayed(before)
                for event in story.told[before:]:
                    after = apply(case, event)
                    assert isinstance(after, Case)
                    books.note(case, after, event)
                    case = after
                    yield case, event.at, books.copy()


def _moments(case: Case, until: datetime | None) -> Iterator[datetime]:
    """The instants at which time alone may move a case."""
    windows = [case.window] if case.window else list(case.slots[-1:])
    yield from ([until] if until else [])
    yield from (moment for window in windows for moment in (window.starts_at, window.latest_start))


def _mark(case: Case, now: datetime) -> tuple[object, ...]:
    """What of a case decides its moves, so that a search need not visit its like twice."""
    launch, trouble, window = case.launch, case.trouble, case.window
    return (
        case.state, case.environment, trouble and trouble.resume, case.running and case.running.step,
        bool(case.stop_asked), launch and (launch.launched_at is not None, launch.end), case.backup is not None,
        case.attested is not None, case.tests and case.tests.passed, case.watched, bool(case.retained),
        case.agreed, case.plan and case.plan.digest, todo(case), bool(case.carried_out), min(case.deaths, 3),
        window and (now < window.starts_at, now > window.latest_start), case.not_before is not None,
        case.window_opened, all(now > slot.latest_start for slot in case.slots),
        any(now >= backup.keep_until for backup in case.retained),
        case.erasure is not None, case.state in OVER and case.legal_hold is not None,
    )


def test_every_move_that_is_declared_happens_and_none_that_is_not():
    """A search over everything that could be reported finds the table's edges, all of them and no others."""
    table = {
        (event.model_fields["kind"].default, source, target)
        for event, move in MOVES.items() for source, targets in move.edges.items() for target in targets
    }
    found: set[tuple[str, State, State]] = set()
    seen: set[tuple[object, ...]] = set()
    queue = deque(_journeys())
    while queue and (len(seen) < 8000 or (table - found and len(seen) < 40_000)):
        case, now, books = queue.popleft()
        due = next_step(case, now)
        starts = [e.StepStarted(at=now, by="tend", step=due.step, plan_revision=due.plan_revision,
                                attempt=due.attempt)] if isinstance(due, Due) else []
        late = overdue(case, now)
        runs = [case.running.key] if case.running else []
        for event in [*starts, *([late] if late else []), *possible(case, now, runs)]:
            after = apply(case, event)
            if isinstance(after, Refused):
                continue
            assert declared(case, after, event), (event.kind, case.state, after.state)
            if not case.stop_asked:
                found.add((event.kind, case.state, after.state))
            after_books = books.copy()
            after_books.note(case, after, event)
            _visit(after, now, after_books, seen, queue)
        for moment in _moments(case, getattr(due, "until", None)):
            if moment > now:
                _visit(case, moment + timedelta(seconds=1), books, seen, queue)
    never = sorted(f"{kind}: {source} -> {target}" for kind, source, target in table - found)
    assert never == []


def _visit(case: Case, now: datetime, books: Books, seen: set[tuple[object, ...]], queue: deque[Point]) -> None:
    mark = _mark(case, now)
    if mark not in seen:
        seen.add(mark)
        queue.append((case, now, books))
