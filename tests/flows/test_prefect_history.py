"""What Prefect's own database forgets, on a real server: Uplift's runs that ended long ago, and nothing else."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.wire.prefect_history import forget_runs
from tests.flows.conftest import PrefectServer

OURS, OTHERS = "forgotten-sweep", "somebody-elses"


def ask(server: PrefectServer, path: str, body: dict[str, Any]) -> Any:
    return httpx.post(f"{server.url}{path}", json=body, timeout=30).raise_for_status().json()


@pytest.fixture
def ended(prefect_server: PrefectServer) -> Callable[..., str]:
    """Makes a run in this state, with a task run and a line in the log; its id."""

    def make(flow: str, state: str = "COMPLETED") -> str:
        flow_id = ask(prefect_server, "/flows/", {"name": flow})["id"]
        run = ask(prefect_server, "/flow_runs/", {"flow_id": flow_id, "state": {"type": state}})["id"]
        ask(prefect_server, "/task_runs/", {"flow_run_id": run, "task_key": "t", "dynamic_key": "0"})
        line = {"name": "uplift", "level": 20, "message": "done", "timestamp": f"{datetime.now(UTC):%FT%TZ}",
                "flow_run_id": run}
        httpx.post(f"{prefect_server.url}/logs/", json=[line], timeout=30).raise_for_status()
        return str(run)

    return make


def left(server: PrefectServer, *flows: str) -> set[str]:
    found = ask(server, "/flow_runs/filter", {"flows": {"name": {"any_": list(flows)}}})
    return {run["id"] for run in found}


def lines(server: PrefectServer, runs: list[str], *, until_none: bool = False) -> int:
    """Of the log; the server removes those of a deleted run in the background."""
    until = time.monotonic() + 20 * until_none
    while True:
        found = len(ask(server, "/logs/filter", {"logs": {"flow_run_id": {"any_": runs}}}))
        if not found or time.monotonic() >= until:
            return found
        time.sleep(0.2)


async def test_runs_that_ended_long_ago_go_with_tasks_and_log_and_all_others_stay(
    prefect_server: PrefectServer, ended: Callable[..., str]
) -> None:
    old = [ended(OURS), ended(OURS, "FAILED"), ended(OURS, "CRASHED"), ended(OURS, "CANCELLED")]
    kept = {ended(OURS, "SCHEDULED"), ended(OURS, "RUNNING"), ended(OURS, "PENDING"), ended(OTHERS)}
    await asyncio.sleep(0.05)
    before = datetime.now(UTC)
    await asyncio.sleep(0.05)
    kept.add(ended(OURS))

    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        assert await forget_runs([OURS], before, most=1) == 1
        assert await forget_runs([OURS], before) == 3
        assert await forget_runs([OURS], before) == 0

    assert left(prefect_server, OURS, OTHERS) == kept
    of_old = {"flow_runs": {"id": {"any_": old}}}
    assert ask(prefect_server, "/task_runs/filter", of_old) == []
    assert lines(prefect_server, old, until_none=True) == 0
    assert lines(prefect_server, list(kept)) == len(kept)


async def test_a_server_that_does_not_answer_is_told_as_such() -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}), pytest.raises(httpx.HTTPError):
        await forget_runs([OURS], datetime.now(UTC))
