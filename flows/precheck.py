"""Inspect a case's system: its findings, its plan and how long the upgrade will take."""
from __future__ import annotations

from prefect import flow

from tasks.model.case import Step
from tasks.steps.run_due import run_due


@flow(name="precheck", flow_run_name="{case_id}", retries=0, persist_result=False)
async def precheck(case_id: str) -> str:
    """Returns the state of the case afterwards. Does nothing where the step is not due: see ``run_step``."""
    return await run_due(case_id, Step.PRECHECK)
