"""A step of a case is run once, whoever starts it; a run that died is found by its lease and taken up."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.model.case import Case, State, Step
from tasks.model.errors import UserError
from tasks.model.event import Assigned, StepStarted
from tasks.model.ledger import StepRunEnd
from tasks.steps import run_step as running
from tasks.steps.intake import open_ticket
from tasks.steps.run_step import run_step
from tasks.steps.tend import Started, tend_once
from tasks.steps.work import Work, resource_of
from tasks.wire.store import Store
from tests.steps.conftest import TARGET


async def go(case: Case, step: Step, store: Store, home: Path, **told: Any) -> Case:
    return await run_step(case.id, step, home=home, store=store, now=store.now, **told)


def kinds(store: Store, case: Case) -> list[str]:
    return [entry.kind for entry in store.journal(case.id)]


async def tend(store: Store, home: Path, at_once: int = 1) -> list[Started]:
    async def start(case: Case, step: Step, key: str) -> None:
        await go(case, step, store, home)

    rounds = await asyncio.gather(*(tend_once(store, home=home, now=store.now, start=start) for _ in range(at_once)))
    return [started for each in rounds for started in each]


def test_one_order_is_one_case_however_often_it_comes(case: Case, store: Store, home: Path, fleet: Path) -> None:
    again, new = open_ticket(
        store, home=home, fleet=fleet, system_id="acme", target=TARGET, order_ref="SO-1", by="the store"
    )
    assert (again.id, new) == (case.id, False)
    assert [path.name for path in (home / "cases").iterdir()] == [case.id]


def test_a_ticket_for_a_system_that_is_not_there_opens_nothing(store: Store, home: Path, fleet: Path) -> None:
    with pytest.raises(UserError, match="no system other"):
        open_ticket(store, home=home, fleet=fleet, system_id="other", target=TARGET, order_ref="SO-2", by="the store")
    assert store.cases() == () and not (home / "cases").exists()


async def test_the_engineer_of_the_fleet_file_gets_the_case(case: Case, store: Store, home: Path) -> None:
    moved = await go(case, Step.INTAKE, store, home)
    assert (moved.state, moved.engineer) == (State.ASSIGNED, "eva")
    assert store.step_runs(case.id)[0].end is StepRunEnd.REPORTED
    assert store.lease(resource_of(case)) is None


async def test_a_system_that_nobody_reaches_is_its_engineers_to_look_at(case: Case, store: Store, home: Path) -> None:
    await go(case, Step.INTAKE, store, home)
    moved = await go(case, Step.PRECHECK, store, home)
    assert moved.state is State.NEEDS_ENGINEER and moved.trouble is not None and moved.trouble.remedy
    assert store.verify_journal(case.id) == ()


async def test_a_step_that_is_not_due_does_nothing(case: Case, store: Store, home: Path) -> None:
    assert (await go(case, Step.PRECHECK, store, home)).state is State.OPENED
    assert kinds(store, case) == ["opened"]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """An intake that takes a while; gives the keys of the runs that came to work."""
    worked: list[str] = []

    async def assign(work: Work) -> Assigned:
        worked.append(work.key)
        await asyncio.sleep(0.6)
        return Assigned(**work.reported(), engineer="eva")

    monkeypatch.setattr(running, "EXECUTORS", {**running.EXECUTORS, Step.INTAKE: assign})
    yield worked


async def test_of_many_that_start_a_step_one_works(case: Case, store: Store, home: Path, slow: list[str]) -> None:
    await asyncio.gather(*(go(case, Step.INTAKE, store, home) for _ in range(5)))
    assert slow == [f"{case.id}:intake:1:1"]
    assert kinds(store, case) == ["opened", "step_started", "assigned"]


async def test_two_reconcilers_at_once_start_a_step_once(case: Case, store: Store, home: Path, slow: list[str]) -> None:
    await tend(store, home, at_once=2)
    assert slow == [f"{case.id}:intake:1:1"]


async def test_a_run_that_works_longer_than_its_lease_keeps_it(
    case: Case, store: Store, home: Path, slow: list[str]
) -> None:
    working = asyncio.create_task(go(case, Step.INTAKE, store, home, lease_s=0.3))
    await asyncio.sleep(0.45)
    assert await tend(store, home) == []
    assert (await working).state is State.ASSIGNED


async def test_a_run_that_lost_its_lease_reports_nothing(case: Case, store: Store, home: Path, slow: list[str]) -> None:
    working = asyncio.create_task(go(case, Step.INTAKE, store, home, lease_s=100))
    await asyncio.sleep(0.3)
    lease = store.lease(resource_of(case))
    assert lease is not None
    store.renew(lease, 0.01)
    await asyncio.sleep(0.05)
    taken = store.acquire(resource_of(case), "somebody else", 30)
    assert taken is not None
    assert (await working).state is State.OPENED
    assert kinds(store, case) == ["opened", "step_started"]


async def test_the_step_of_a_run_that_died_is_taken_up(case: Case, store: Store, home: Path) -> None:
    store.acquire(resource_of(case), "a process that is gone", 0.3)
    store.record(case.id, StepStarted(at=store.now(), by="intake", step=Step.INTAKE, plan_revision=1, attempt=1))
    assert await tend(store, home) == []            # it may be alive
    await asyncio.sleep(0.35)
    assert [started.key for started in await tend(store, home)] == [f"{case.id}:intake:1:2"]
    assert kinds(store, case) == ["opened", "step_started", "step_died", "step_started", "assigned"]


async def test_a_defect_in_a_step_is_told_and_asks_the_engineer_at_last(
    case: Case, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(work: Work) -> Assigned:
        raise ZeroDivisionError

    monkeypatch.setattr(running, "EXECUTORS", {Step.INTAKE: broken})
    for _ in range(3):
        await go(case, Step.INTAKE, store, home)
    moved = store.case(case.id)
    assert moved.state is State.NEEDS_ENGINEER and "ZeroDivisionError" in str(moved.trouble)
