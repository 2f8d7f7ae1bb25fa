"""One system inspected and judged at once, outside any sweep or case: nothing is stored, nothing is changed."""
from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from tasks.model.judged import Judged
from tasks.model.release import Release
from tasks.model.sweep import SweepOptions, Target
from tasks.rules.judge import judge
from tasks.rules.known import known_from
from tasks.steps.case_site import Site
from tasks.steps.inspect_batch import Visitor


async def inspect_one(fleet: Path, system_id: str, target: Release, *, home: Path, mysql: bool = True) -> Judged:
    """Visit a system of the fleet file and judge it for ``target``; what it does is a finding, never an exception.

    Raises UserError for a fleet file, system, profile or credentials file that cannot be used.
    """
    site = await asyncio.to_thread(Site.named, fleet, system_id, home)
    visitor = Visitor.open(SweepOptions(target=target, mysql=mysql, concurrency=1), {"own": site.profile}, home)
    recording = await visitor.visit(Target(system=site.system, profile="own"))
    return judge(site.system, site.profile, recording, known_from(recording), target, datetime.now(UTC))
