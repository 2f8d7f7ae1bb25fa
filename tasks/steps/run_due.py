"""Run a case's step in this process, with the database and the UPLIFT_HOME of its environment: what a flow does."""
from __future__ import annotations

from tasks.model.case import Step
from tasks.model.errors import UserError
from tasks.steps.run_step import run_step
from tasks.wire.home import find_home
from tasks.wire.store import Store


async def run_due(case_id: str, step: Step) -> str:
    """The case's state afterwards. Raises UserError: see ``run_step``."""
    home = find_home()
    with Store.open(home=home) as store:
        return (await run_step(case_id, step, home=home, store=store, now=store.now)).state.value


def case_of_order(order_ref: str) -> str:
    """The id of an order's case. Raises UserError."""
    with Store.open(home=find_home()) as store:
        found = [case.id for case in store.cases() if case.order_ref == order_ref]
    if not found:
        raise UserError("case_not_found", f"no case was opened for the order {order_ref}",
                        "open it with `uplift ticket open`")
    return found[0]
