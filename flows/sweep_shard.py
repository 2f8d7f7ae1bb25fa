"""Visit one shard of a sweep: batches of systems, each batch a task run, one gate for all of them."""
from __future__ import annotations

import asyncio
from pathlib import Path

from prefect import flow
from prefect.artifacts import acreate_table_artifact

from tasks.model.sweep import SweepPlan, Target
from tasks.steps.inspect_batch import Visitor, inspect_batch
from tasks.wire.home import find_home
from tasks.wire.sweep_folder import SweepFolder


@flow(name="sweep-shard", flow_run_name="shard-{shard}", persist_result=False, retries=0)
async def sweep_shard(directory: str, shard: int, home: str | None = None) -> dict[str, int]:
    """Visit what is left of a shard of the sweep in ``directory``; returns how many systems by contact state."""
    place = find_home(home)
    folder = SweepFolder(Path(directory), place)
    plan, targets = folder.load()
    visitor = Visitor.open(plan.options, plan.profiles, place)
    return await visit_shard(folder, plan, targets, shard, visitor)


async def visit_shard(
    folder: SweepFolder, plan: SweepPlan, targets: tuple[Target, ...], shard: int, visitor: Visitor
) -> dict[str, int]:
    """Visit the systems of a shard that have no whole recording yet, then seal it; a sealed shard is left alone."""
    if not folder.is_sealed(shard):
        with folder.appending(shard) as appender:
            done = folder.recorded(shard)
            rest = tuple(target for target in plan.shard_of(targets, shard) if target.system.id not in done)
            size = plan.options.batch_size
            batches = [rest[start : start + size] for start in range(0, len(rest), size)]
            await asyncio.gather(
                *(inspect_batch(visitor, batch, appender, batch[0].system.id, batch[-1].system.id) for batch in batches)
            )
            folder.seal(shard)
    contacts = folder.contacts(shard)
    await acreate_table_artifact(
        key=f"sweep-shard-{shard}",
        table=[{"contact": state, "systems": count} for state, count in sorted(contacts.items())],
        description=f"Shard {shard} of sweep {plan.sweep_id}: how far the visits came",
    )
    return contacts
