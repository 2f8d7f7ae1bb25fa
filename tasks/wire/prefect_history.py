"""Removes what Prefect remembers of runs that are long over, by Prefect's own API.

Prefect keeps every run for ever unless told otherwise: `tend` alone makes 1,440 a day. The server removes a run's task
runs with it and its log lines a moment later. Its own vacuum (PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED) does likewise
for all runs of a server, which may serve others than Uplift, and is off where nobody has set it.
"""
from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound

_AT_ONCE = 10
_PAGE = 200                     # what a Prefect server gives at most in one answer
MOST_RUNS = 20_000              # of one night: a server that was never pruned is done within a few nights
LONGEST_S = 600.0


async def forget_runs(flows: Iterable[str], before: datetime, *, most: int = MOST_RUNS) -> int:
    """Delete the runs of ``flows`` (names) that ended before ``before``, the oldest first; returns how many.

    What runs or is scheduled has not ended, and stays. Ends after LONGEST_S: the next night goes on. Raises
    httpx.HTTPError where the server does not answer.
    """
    names = FlowFilter(name=FlowFilterName(any_=sorted(flows)))
    over = FlowRunFilter(
        end_time=FlowRunFilterEndTime(before_=before),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=sorted(TERMINAL_STATES))),
    )
    gone, until = 0, asyncio.get_running_loop().time() + LONGEST_S
    async with get_client() as client:
        while gone < most and asyncio.get_running_loop().time() < until:
            found = await client.read_flow_runs(
                flow_filter=names, flow_run_filter=over, sort=FlowRunSort.START_TIME_ASC, limit=min(_PAGE, most - gone)
            )
            if not found:
                break
            gone += await _deleted(client, found)
    return gone


async def _deleted(client: PrefectClient, runs: list[FlowRun]) -> int:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(run: FlowRun) -> None:
        async with gate:
            with suppress(ObjectNotFound):      # another worker prunes at the same time
                await client.delete_flow_run(run.id)

    await asyncio.gather(*map(one, runs))
    return len(runs)
