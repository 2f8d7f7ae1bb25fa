"""The intake gives cases to engineers by the rules of engineers.yaml, one case after the other."""
from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.model.case import Case, State, Step
from tasks.model.engineer import Engineers
from tasks.model.errors import Failure
from tasks.model.event import Assigned
from tasks.rules.lifecycle import Due, next_step
from tasks.rules.moves.table import LIVE
from tasks.steps import assignment
from tasks.steps.assignment import RESOURCE, handovers, in_turn
from tasks.steps.intake import open_ticket
from tasks.steps.run_step import run_step
from tasks.wire.engineers import load_engineers
from tasks.wire.store import Store
from tests.steps.conftest import SYSTEM, TARGET


def team(home: Path, *engineers: dict[str, Any], **more: Any) -> Engineers:
    path = home / "engineers.yaml"
    path.touch(0o600)
    path.write_text(json.dumps({"engineers": [
        {"full_name": str(each["name"]).title(), "email": "x@example.com", "zone": "UTC", **each}
        for each in engineers], **more}, default=str))          # JSON is YAML
    return load_engineers(home)


def orders(store: Store, home: Path, fleet: Path, count: int) -> list[Case]:
    """Cases of systems that are no client's of an engineer's."""
    systems = [{**SYSTEM, "id": f"s{number}", "engineer": None, "ssh": {"host": f"127.21.81.{number + 1}",
                "credential": "inspect"}} for number in range(count)]
    fleet.write_text(json.dumps({"systems": systems}))
    return [
        open_ticket(store, home=home, fleet=fleet, system_id=f"s{number}", target=TARGET, order_ref=f"SO-{number + 10}",
                    by="the store")[0]
        for number in range(count)
    ]


async def intake(case: Case, store: Store, home: Path) -> Case:
    return await run_step(case.id, Step.INTAKE, home=home, store=store, now=store.now)


async def test_the_clients_engineer_gets_the_case_with_the_reason(case: Case, store: Store, home: Path) -> None:
    team(home, {"name": "ada"}, {"name": "eva"})
    moved = await intake(case, store, home)
    assert (moved.state, moved.engineer, moved.running) == (State.ASSIGNED, "eva", None)
    last = store.journal(case.id)[-1]
    assert (last.kind, last.body["reason"]) == ("assigned", "eva is the client's engineer and fits")
    assert store.lease(RESOURCE) is None


async def test_nobody_fits_so_the_case_waits_with_what_to_do(case: Case, store: Store, home: Path) -> None:
    today = store.now().date()
    team(home, {"name": "eva", "absences": [{"first": today - timedelta(days=1), "last": today + timedelta(days=1)}]},
         {"name": "ada", "excluded": {"clients": ["Acme"]}})
    moved = await intake(case, store, home)
    assert moved.state is State.NEEDS_ENGINEER and moved.engineer is None and moved.trouble is not None
    assert moved.trouble.reason == (
        "nobody can take this case: ada is excluded for this client by engineers.yaml; eva is absent from "
        f"{today - timedelta(days=1)} to {today + timedelta(days=1)} and a case takes 7 days")
    assert moved.trouble.remedy == assignment.BY_HAND
    by_hand = store.record(case.id, Assigned(at=store.now(), by="the dispatcher", engineer="ada"))
    assert isinstance(by_hand, Case) and (by_hand.state, by_hand.engineer) == (State.ASSIGNED, "ada")
    following = next_step(by_hand, store.now())
    assert isinstance(following, Due) and following.step is Step.PRECHECK


async def test_a_mistake_in_the_file_is_no_silent_default(case: Case, store: Store, home: Path) -> None:
    team(home, {"name": "ada"})
    (home / "engineers.yaml").write_text("engineers: [{name: eva}]\n")
    moved = await intake(case, store, home)
    assert moved.state is State.NEEDS_ENGINEER and moved.engineer is None and moved.trouble is not None
    assert "engineers.yaml:1: engineers[0].full_name is missing" in moved.trouble.reason


async def test_cases_that_come_at_once_do_not_all_see_the_same_load(
    store: Store, home: Path, fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven at once for three who may have three, two and one: nobody gets more, and one case waits."""
    chosen_for = assignment.chosen_for

    def thoughtfully(*about: Any) -> Any:
        chosen = chosen_for(*about)
        time.sleep(0.1)             # between the look and the record, so that without a turn all would see nothing
        return chosen

    monkeypatch.setattr(assignment, "chosen_for", thoughtfully)
    team(home, {"name": "ada", "most_cases": 3}, {"name": "bo", "most_cases": 2}, {"name": "cy", "most_cases": 1})
    cases = orders(store, home, fleet, 7)
    moved = await asyncio.gather(*(intake(each, store, home) for each in cases))
    assert Counter(each.engineer for each in moved) == {"ada": 3, "bo": 2, "cy": 1, None: 1}
    assert [each.state for each in moved if each.engineer is None] == [State.NEEDS_ENGINEER]


async def test_who_waits_too_long_for_its_turn_is_told_so(
    case: Case, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(home, {"name": "eva"})
    taken = store.acquire(RESOURCE, "one who hangs", 60)
    assert taken is not None
    with pytest.raises(Failure, match="others have been assigning cases"):
        async with in_turn(store, "me", patience_s=0.3):
            raise AssertionError("it was not our turn")
    monkeypatch.setattr(assignment, "PATIENCE_S", 0.2)
    moved = await intake(case, store, home)
    assert (moved.state, moved.running, moved.engineer) == (State.OPENED, None, None), "it is tried again"
    store.release(taken)
    assert (await intake(case, store, home)).engineer == "eva"


async def test_a_turn_that_was_taken_over_assigns_nothing(
    case: Case, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team(home, {"name": "eva"})
    chosen_for = assignment.chosen_for

    def slowly(*about: Any) -> Any:
        held = store.lease(RESOURCE)
        assert held is not None
        store.renew(held, -1)
        assert store.acquire(RESOURCE, "the next", 60) is not None
        return chosen_for(*about)

    monkeypatch.setattr(assignment, "chosen_for", slowly)
    moved = await intake(case, store, home)
    assert (moved.state, moved.engineer) == (State.OPENED, None)
    assert [entry.kind for entry in store.journal(case.id)][-1] == "step_died"


async def test_cases_of_who_is_not_there_are_proposed_to_others(store: Store, home: Path, fleet: Path) -> None:
    cases = orders(store, home, fleet, 4)
    for case, name in zip(cases, ["eva", "eva", "max", "ada"], strict=True):
        store.record(case.id, Assigned(at=store.now(), by="mia", engineer=name))
    today = store.now().date()
    engineers = team(home, {"name": "ada", "most_cases": 3}, {"name": "bo", "most_cases": 2},
                     {"name": "eva", "absences": [{"first": today, "last": today}]})
    found = handovers(home, engineers, store.cases(LIVE), store.now())
    assert [(each.case.id, bool(each.absence)) for each in found] == [
        (cases[0].id, True), (cases[1].id, True), (cases[2].id, False)]
    assert [each.chosen.engineer for each in found if each.chosen] == ["bo", "ada", "bo"]
    assert store.case(cases[0].id).engineer == "eva", "only proposed"
