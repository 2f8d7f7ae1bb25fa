"""Two engineers at two shells who type the same command at the same time: one of them upgrades, the other is told."""
from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, timedelta
from pathlib import Path

from tasks.model import event as e
from tasks.model.case import How, State
from tasks.model.window import Window
from tests.e2e.case.conftest import Site

UPLIFT = Path(sys.executable).with_name("uplift")
AHEAD = timedelta(seconds=12)       # the engineers' clock is the real one: time for the backup, then the window opens


async def test_the_same_upgrade_started_by_two_engineers_runs_once_and_the_second_is_told_where(site: Site) -> None:
    site.open("SO-two-engineers")
    case = await site.tend(State.NOTIFIED)
    assert case.plan is not None
    site.say(e.Delivered(at=site.now(), by="eva"))
    start = (site.now() + AHEAD).astimezone(UTC).replace(microsecond=0, tzinfo=None)
    window = Window.at_local(start, "UTC", duration_s=7200, needs_s=case.plan.estimate_s)
    site.say(e.Proposed(at=site.now(), by="eva", slots=(window,)))
    site.say(e.Confirmed(at=site.now(), by="Ann", digest=case.plan.digest, window=window, how=How.MAIL))
    await asyncio.sleep(max(0.0, (window.starts_at - site.store.now()).total_seconds()) + 0.1)
    await site.tend(State.BACKED_UP)

    engineers = [asyncio.to_thread(upgrade, site, name) for name in ("eva", "emir")]
    told = await asyncio.gather(*engineers)
    won = [done for done in told if done.returncode == 0]
    lost = [done for done in told if done.returncode != 0]
    assert len(won) == len(lost) == 1, [(done.returncode, done.stderr) for done in told]
    assert lost[0].returncode == 1 and "another process" in lost[0].stderr, lost[0].stderr
    assert f"uplift case follow {site.case_id}" in lost[0].stderr and "Traceback" not in lost[0].stderr
    assert site.kinds().count("upgrade_launched") == 1 and site.launches() == "1"
    assert site.case.state is State.TESTING, site.case.trouble
    await site.reverted()


def upgrade(site: Site, name: str) -> subprocess.CompletedProcess[str]:
    """One engineer's shell: an own process with an own name."""
    env = {**os.environ, "UPLIFT_HOME": str(site.lab.home), "UPLIFT_DATABASE_URL": site.url, "USER": name,
           "LOGNAME": name, "COLUMNS": "200"}
    return subprocess.run(
        [UPLIFT, "case", "upgrade", site.case_id], env=env, capture_output=True, text=True, timeout=180, check=False
    )
