"""Upgrade a case's system behind all its guards; one that was launched is followed, never launched again."""
from __future__ import annotations

from prefect import flow

from tasks.model.case import Step
from tasks.steps.run_due import run_due


@flow(name="upgrade", flow_run_name="{case_id}", retries=0, persist_result=False)
async def upgrade(case_id: str) -> str:
    """Returns the state of the case afterwards. Does nothing where the step is not due: see ``run_step``."""
    return await run_due(case_id, Step.UPGRADE)
