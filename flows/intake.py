"""Give the case of a ticket to an engineer: by the fleet file, or by the rules of engineers.yaml."""
from __future__ import annotations

from prefect import flow

from tasks.model.case import Step
from tasks.steps.run_due import case_of_order, run_due


@flow(name="intake", flow_run_name="{ticket_id}", retries=0, persist_result=False)
async def intake(ticket_id: str) -> str:
    """``ticket_id`` is the order's reference. Returns the state of its case. Raises UserError where there is none."""
    return await run_due(case_of_order(ticket_id), Step.INTAKE)
