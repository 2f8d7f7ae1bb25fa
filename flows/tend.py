"""Each minute: ask of every case what its next step is, and see to it that one run of that step exists.

Nothing is decided here. Without Prefect `uplift tend --once` does the same in a process of its own.
"""
from __future__ import annotations

import asyncio
from datetime import datetime

import httpx
from prefect import flow
from prefect.client.schemas.objects import FlowRun
from prefect.deployments.flow_runs import arun_deployment
from prefect.exceptions import ObjectNotFound

from tasks.model.case import Case, Step
from tasks.model.errors import UserError
from tasks.steps.tend import booked, tend_once
from tasks.steps.tend_mail import tend_mail
from tasks.steps.tickets import tend_tickets
from tasks.wire.home import find_home
from tasks.wire.store import Store

MOST_RUNS = 20                  # of one key, before somebody has to look why they all end without doing the step


@flow(name="tend", retries=0, persist_result=False)
async def tend() -> list[str]:
    """Returns the keys of the runs that are due now. Raises UserError where database or UPLIFT_HOME cannot be used.

    Where tickets.yaml or mail.yaml are there, desks and mail are seen to afterwards; their trouble stops no case, and
    that of one does not stop the other.
    """
    home = find_home()
    with Store.open(home=home) as store:
        started = await tend_once(store, home=home, now=store.now, start=started_by_prefect)
        for case, step, key, at in booked(store.cases(), store.now()):
            await started_by_prefect(case, step, key, at)
        turns = await asyncio.gather(*(asyncio.to_thread(turn, store, home) for turn in (tend_tickets, tend_mail)),
                                     return_exceptions=True)
    for turn in turns:
        if isinstance(turn, BaseException):
            raise turn
    troubles = [trouble for turn in turns if isinstance(turn, list) for trouble in turn]
    return [*troubles, *(f"{each.key}: {each.error}" if each.error else each.key for each in started)]


async def started_by_prefect(case: Case, step: Step, key: str, at: datetime | None = None) -> None:
    """See to it that a run for this key exists that is not over, at ``at`` or now. Raises UserError."""
    for number in range(1, MOST_RUNS + 1):
        run = await _run(case, step, key if number == 1 else f"{key}#{number}", at)
        if run.state is None or not run.state.is_final():
            return
    raise UserError("runs_end_without_result", f"{MOST_RUNS} runs for {key} are over and it is still due",
                    "see their logs in Prefect, then run `uplift tend --once`")


async def _run(case: Case, step: Step, key: str, at: datetime | None) -> FlowRun:
    """Prefect keeps a key for ever: the run that it names may be over, killed before it came to claim the step."""
    about = {"ticket_id": case.order_ref} if step is Step.INTAKE else {"case_id": case.id}
    try:
        return await arun_deployment(
            f"{step.value}/client", parameters=about, idempotency_key=key, scheduled_time=at, timeout=0,
            as_subflow=False,
        )
    except ObjectNotFound:
        raise UserError("deployment_missing", f"Prefect has no deployment {step.value}/client",
                        "run `prefect deploy --all`") from None
    except httpx.HTTPError as error:
        raise UserError("prefect_unreachable", f"Prefect did not take {key}: {type(error).__name__}",
                        "see that its server runs; `uplift tend --once` works without it") from None
