"""Following an upgrade from the case: its stages into the case's journal, over lost connections, to its end."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from tasks.model.event import UpgradeLaunched
from tasks.model.upgrade import NotStarted, Progress, StageMark, Untold
from tasks.steps.case_site import Site
from tasks.steps.guarded import fence_of
from tasks.steps.work import Died, Work
from tasks.wire.upgrader import follow


async def followed(work: Work, site: Site) -> Progress:
    """What the system shows at the end, or that nothing has begun there. A stage is journalled once."""
    noted = await asyncio.to_thread(_noted, work)
    last: Progress | None = None
    lost, tail = False, tuple[str, ...]()
    following = follow(lambda: site.connected(change=True), site.profile, fence_of(work))
    async with aclosing(cast("AsyncGenerator[Progress, None]", following)) as story:
        async for progress in story:
            if progress.lost and not lost:
                await work.note(f"the connection is lost, the upgrade goes on by itself: {progress.lost}")
            lost = progress.lost is not None
            if lost:
                continue
            await _found(work, progress)
            for mark in progress.stages:
                if (text := stage_text(mark)) not in noted:
                    noted.add(text)
                    await work.note(text)
            tail = progress.lines or tail
            last = progress
    if last is None:
        raise Died("the following ended before the system told anything")
    return last.model_copy(update={"lines": tail})


def stage_text(mark: StageMark) -> str:
    return f"stage {mark.stage} began at {mark.at:%H:%M:%S} UTC by the system's clock"


async def _found(work: Work, progress: Progress) -> None:
    """A launch that a dead run has not told of is told by who finds it."""
    launch, state = work.case.launch, progress.status.state
    if launch and launch.launched_at is None and not isinstance(state, NotStarted | Untold):
        await work.tell(UpgradeLaunched(**work.reported(), fence=launch.fence))


def _noted(work: Work) -> set[str]:
    entries = work.store.journal(work.case.id)
    return {str(entry.body.get("text")) for entry in entries if entry.kind == "noted"}
