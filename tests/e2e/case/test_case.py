"""A case of a real appliance: from the ticket to Asterisk 22, and back to Asterisk 16."""
from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.model import event as e
from tasks.model.case import State, Step
from tasks.model.upgrade import Exited
from tasks.steps.case_site import Site as CaseSite
from tasks.steps.run_step import run_step
from tasks.wire.upgrader import status
from tests.e2e.case.conftest import TARGET, Site

ROOT = Path(__file__).parents[3]


def start(site: Site, step: Step, lease_s: float = 60) -> subprocess.Popen[bytes]:
    """Another worker: a process of its own that starts the step."""
    words = [site.url, str(site.lab.home), site.case_id, step.value, str(site.ahead.total_seconds()), str(lease_s)]
    return subprocess.Popen([sys.executable, "-m", "tests.e2e.case.one_run", *words], cwd=ROOT)


async def wait_for(site: Site, kind: str, within_s: int = 60) -> None:
    for _ in range(within_s * 10):
        if kind in site.kinds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError((site.kinds(), site.case.trouble))


async def test_a_ticket_leads_to_asterisk_22_and_a_revert_back_to_16(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Asterisk 16." in site.asterisk()
    await site.booked("SO-walk")
    await site.tend(State.BACKED_UP)
    monkeypatch.setattr("tasks.steps.guarded.LOOK_AGAIN", timedelta(seconds=2))
    site.call(seconds=8)
    case = await site.tend(State.WATCHING)
    assert [note for note in site.notes() if "up and would be cut off: waiting for their end until" in note]
    assert case.running_release == TARGET and case.tests is not None and case.tests.passed
    assert "gives the tone back" in case.tests.summary
    assert "Asterisk 22." in site.asterisk()
    assert site.launches() == "1"
    stages = [note.split()[1] for note in site.notes() if note.startswith("stage ")]
    assert stages == ["unpack", "stop", "migrate", "convert", "swap", "start", "version"]

    reverted = await site.reverted()
    assert reverted.running_release is not None and reverted.running_release < TARGET and reverted.launch is None
    assert "Asterisk 16." in site.asterisk()
    assert sum("gives the tone back" in note for note in site.notes()) == 2     # before the upgrade, after the revert
    assert site.store.verify_journal(site.case_id) == ()

    site.say(e.Cancelled(at=site.now(), by="eva", reason="the client stays with the old release"))
    deadline = site.case.retained[0].keep_until
    assert deadline is not None
    site.ahead = deadline - site.store.now()
    retired = await run_step(site.case_id, Step.RETIRE, home=site.lab.home, store=site.store, now=site.now)
    assert retired.retained == ()


async def test_two_workers_that_start_the_same_upgrade_launch_it_once(site: Site) -> None:
    await site.booked("SO-twice")
    await site.tend(State.BACKED_UP)
    workers = [start(site, Step.UPGRADE) for _ in range(2)]
    assert [await asyncio.to_thread(worker.wait, 120) for worker in workers] == [0, 0]
    assert site.case.state is State.TESTING, site.case.trouble
    assert site.kinds().count("upgrade_launched") == 1 and site.launches() == "1"
    assert [run.key for run in site.store.step_runs(site.case_id) if run.step is Step.UPGRADE] == [
        f"{site.case_id}:upgrade:1:1"
    ]
    await site.reverted()


async def test_an_upgrade_whose_worker_is_killed_goes_on_and_is_followed_by_the_next(site: Site) -> None:
    await site.booked("SO-killed")
    await site.tend(State.BACKED_UP)
    worker = start(site, Step.UPGRADE, lease_s=8)
    await wait_for(site, "upgrade_launched")
    worker.send_signal(signal.SIGKILL)
    await asyncio.to_thread(worker.wait, 10)
    await asyncio.sleep(8.5)                    # its lease ends
    case = await site.tend(State.WATCHING)
    assert case.deaths == 0 and "step_died" in site.kinds()
    assert site.kinds().count("upgrade_launching") == 1 and site.launches() == "1"
    reached = CaseSite.of(case, site.lab.home)
    async with reached.connected(change=True) as connection:
        seen = await status(connection, reached.profile, f"{site.case_id}-1")
    assert isinstance(seen.state, Exited) and seen.state.code == 0
    await site.reverted()
