"""Propose nights to the client: those in which, by the client's own calls, hardly anybody telephones."""
from __future__ import annotations

from prefect import flow

from tasks.model.case import Step
from tasks.steps.run_due import run_due


@flow(name="schedule", flow_run_name="{case_id}", retries=0, persist_result=False)
async def schedule(case_id: str) -> str:
    """Returns the state of the case afterwards. Does nothing where the step is not due: see ``run_step``."""
    return await run_due(case_id, Step.SCHEDULE)
