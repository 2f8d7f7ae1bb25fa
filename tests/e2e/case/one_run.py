"""A process that runs one step of a case: ``python -m tests.e2e.case.one_run URL HOME CASE STEP AHEAD_S LEASE_S``."""
from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from tasks.model.case import Step
from tasks.steps.run_step import run_step
from tasks.wire.store import Store


def main() -> None:
    url, home, case_id, step, ahead_s, lease_s = sys.argv[1:]
    ahead = timedelta(seconds=float(ahead_s))
    with Store.open(url) as store:
        asyncio.run(run_step(
            case_id, Step(step), home=Path(home), store=store, now=lambda: store.now() + ahead, lease_s=float(lease_s)
        ))


if __name__ == "__main__":
    main()
