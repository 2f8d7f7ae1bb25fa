"""`uplift ticket open` and `uplift tend`: an order becomes one case, and what is due in it is run without Prefect."""
from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.model.case import State
from tasks.wire.case_folder import CaseFolder
from tests.cli.conftest import UPLIFT

NOBODY = ("acme", "127.0.0.1", 1)       # nothing listens there


def words(path: Path, order: str = "SO-10023", *, system: str = "acme", target: str = "8.2") -> list[str]:
    return ["ticket", "open", "--fleet", str(path), "--system", system, "--target", target, "--order", order]


async def test_the_same_order_is_the_same_case(uplift: Any, home: Path, fleet: Callable[..., Path]) -> None:
    path = fleet(NOBODY, ("other", "127.0.0.1", 2))
    first, again = [(await uplift(*words(path), "--json")).json for _ in range(2)]
    assert (first["new"], again["new"]) == (True, False)
    assert first["case_id"] == again["case_id"]
    assert (first["client"], first["target"], first["state"]) == ("acme Ltd", "8.2.0", "opened")
    told = await uplift(*words(path))
    assert told.out.startswith(f"the order SO-10023 is case {first['case_id']} already, and it is opened")
    other = await uplift(*words(path, system="other"))
    assert other.code == 2 and "the order SO-10023 is case" in other.err
    assert len((await uplift("case", "list", "--json")).json) == 1


async def test_an_order_that_comes_many_times_at_once_is_one_case(
    uplift: Any, home: Path, fleet: Callable[..., Path]
) -> None:
    path = fleet(NOBODY)
    ends = await asyncio.gather(*(uplift(*words(path), "--json") for _ in range(4)))
    assert [end.code for end in ends] == [0] * 4
    assert len({end.json["case_id"] for end in ends}) == 1
    assert sum(end.json["new"] for end in ends) == 1


@pytest.mark.parametrize(("changed", "said"), [
    ({"system": "nobody"}, "there is no system nobody in"),
    ({"target": "new"}, "'new' is not a release; write it like 8.2.0"),
    ({"order": ""}, "the order's reference is empty or longer than 190 characters"),
    ({"order": "x" * 191}, "the order's reference is empty or longer than 190 characters"),
])
async def test_an_order_that_cannot_be_a_case_is_refused(
    uplift: Any, home: Path, fleet: Callable[..., Path], changed: dict[str, str], said: str
) -> None:
    ended = await uplift(*words(fleet(NOBODY), **changed))
    assert ended.code == 2 and said in ended.err and ended.err.count("\n") == 1
    assert (await uplift("case", "list", "--json")).json == []


async def test_a_fleet_file_that_is_not_there_is_refused(uplift: Any, home: Path, tmp_path: Path) -> None:
    ended = await uplift(*words(tmp_path / "none.yaml"))
    assert ended.code == 2 and "none.yaml does not exist; correct the path" in ended.err


async def test_tending_runs_what_is_due_and_says_what_comes_next(
    uplift: Any, home: Path, fleet: Callable[..., Path], stored: Any, kinds: Any
) -> None:
    """Intake by the fleet file's engineer, then an inspection of a system that nobody can log in to."""
    case_id = (await uplift(*words(fleet(NOBODY, engineer="mia")), "--json")).json["case_id"]
    first = await uplift("tend", "--once", "--json")
    assert [(row["step"], row["state"], row["error"]) for row in first.json] == [("intake", "assigned", "")]
    assert stored(case_id).engineer == "mia"
    second = await uplift("tend", "--once")
    assert second.code == 0 and "precheck" in second.out and "needs_engineer" in second.out
    assert stored(case_id).state is State.NEEDS_ENGINEER
    idle = await uplift("tend", "--once")
    assert (idle.code, idle.out) == (0, "nothing is due\n")
    assert kinds(case_id)[:4] == ["opened", "step_started", "assigned", "step_started"]


async def test_two_who_tend_at_once_run_a_step_once(
    uplift: Any, home: Path, fleet: Callable[..., Path], kinds: Any
) -> None:
    case_id = (await uplift(*words(fleet(NOBODY, engineer="mia")), "--json")).json["case_id"]
    ends = await asyncio.gather(*(uplift("tend", "--once", "--json") for _ in range(3)))
    assert {end.code for end in ends} <= {0}
    begun = [kind for kind in kinds(case_id) if kind == "step_started"]
    assert kinds(case_id).count("assigned") == 1 and len(begun) <= 2, "intake once, then at most its successor"


async def test_tending_without_end_goes_on_until_it_is_stopped(
    uplift: Any, home: Path, fleet: Callable[..., Path], stored: Any
) -> None:
    case_id = (await uplift(*words(fleet(NOBODY, engineer="mia")), "--json")).json["case_id"]
    process = await asyncio.create_subprocess_exec(
        str(UPLIFT), "tend", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=uplift.environment)
    assert process.stdout is not None
    told = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
    assert told.startswith(f"{case_id} intake: assigned. Next: the step precheck is due")
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, err) == (0, b"")
    assert stored(case_id).running is None


async def test_tending_as_json_is_one_round(uplift: Any, home: Path) -> None:
    ended = await uplift("tend", "--json")
    assert ended.code == 2 and "add --once" in ended.json["error"]["remedy"]


async def test_windows_are_in_the_zone_of_the_fleet_file(
    uplift: Any, home: Path, fleet: Callable[..., Path], case_at: Any, stored: Any
) -> None:
    case_at(State.READY)
    CaseFolder(home, "C-1").create(fleet(NOBODY, timezone="Pacific/Auckland"))
    ended = await uplift("case", "propose", "C-1", "--at", "2099-01-01 22:00", "--duration", "2h")
    assert ended.code == 0, ended.err
    assert "1. Thu 2099-01-01 22:00 Pacific/Auckland (09:00 UTC), 2 h long" in ended.out
    assert stored().slots[0].zone == "Pacific/Auckland"
