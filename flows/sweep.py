"""Sweep the fleet: visit every selected system, judge what it answered, and leave a report.

The fleet is cut into shards so that memory is bounded and a killed sweep goes on where it stopped.
"""
from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact

from flows.sweep_shard import visit_shard
from tasks.model.case import Step
from tasks.model.errors import Failure, UserError
from tasks.model.ledger import OutboxState
from tasks.model.sweep import Limits, SweepOptions
from tasks.steps.inspect_batch import Visitor
from tasks.steps.judge_sweep import judge_sweep
from tasks.steps.mail_report import mail_report
from tasks.steps.open_sweep import finish_sweep, open_sweep, sweep_directory
from tasks.steps.publish_sweep import publish_latest
from tasks.steps.trend import prune_sweeps
from tasks.wire.home import find_home
from tasks.wire.prefect_history import forget_runs
from tasks.wire.retention import read_retention, read_run_retention
from tasks.wire.sweep_folder import SweepFolder

FLOWS = frozenset({"sweep", "sweep-shard", "tend", *(step.value for step in Step)})     # of Uplift, and no others'


@flow(name="sweep", persist_result=False, retries=0)
async def sweep(
    fleet: str,
    target: str,
    out: str | None = None,
    select: str | None = None,
    concurrency: int = 50,
    mysql: bool = True,
    resume: bool = False,
    home: str | None = None,
    limits: Limits | None = None,
) -> dict[str, object]:
    """Returns ``summary.json``. Without ``out`` the folder is a new one under UPLIFT_HOME/sweeps, shown by ``latest``.

    Raises UserError for what the caller can mend (a broken fleet file, an unknown selection, a folder in use).
    """
    place = find_home(home)
    folder = sweep_directory(out, place)
    if out is None:
        read_retention(place)       # a mistake in the file is told before the fleet is visited
        read_run_retention(place)
    options = SweepOptions.model_validate(
        {"target": target, "select": select, "concurrency": concurrency, "mysql": mysql, "limits": limits or Limits()}
    )
    with folder.locked():
        plan, targets = open_sweep(folder, Path(fleet), options, place, resume=resume)
        visitor = Visitor.open(plan.options, plan.profiles, place)
        await asyncio.gather(*(visit_shard(folder, plan, targets, shard, visitor) for shard in range(plan.shards)))
        finish_sweep(folder, plan)
        summary = await asyncio.to_thread(judge_sweep, folder)      # so that a signal is still heard
        if out is None:
            await asyncio.to_thread(publish_latest, folder)
    if out is None:
        await asyncio.to_thread(prune_sweeps, place, datetime.now(UTC))
    await _forgotten(place)
    await acreate_markdown_artifact(
        key="sweep-summary",
        markdown="\n".join(
            [f"**{folder.path / 'report.html'}**", "", *(f"- {name}: {value}" for name, value in summary.items())]
        ),
        description=f"Sweep {plan.sweep_id} for {plan.options.target}",
    )
    if out is None:
        await _mailed(folder, place)
    return summary


async def _forgotten(home: Path) -> None:
    """Prefect's database does not grow for ever. What keeps it from that is told and no reason to lose the sweep."""
    try:
        before = datetime.now(UTC) - timedelta(days=read_run_retention(home).keep_days)
        gone = await forget_runs(FLOWS, before)
    except (UserError, httpx.HTTPError) as error:
        get_run_logger().warning("Prefect's old runs were not removed: %s", error)
    else:
        get_run_logger().info("%d runs that ended before %s were removed from Prefect", gone, f"{before:%Y-%m-%d}")


async def _mailed(folder: SweepFolder, home: Path) -> None:
    """The report goes to the readers of mail.yaml. Raises Failure where one has not got it: somebody should know."""
    mailed = await asyncio.to_thread(mail_report, folder, home)
    missed = [f"{one.recipient} ({one.state.value}: {one.detail})" for one in mailed
              if one.state is not OutboxState.SENT]
    if missed:
        message = f"{folder.path} is complete and published, but not mailed to {', '.join(missed)}"
        remedy = f"mend mail.yaml or the server and run `uplift report mail {folder.path}`"
        raise Failure("report_not_mailed", message, remedy)
