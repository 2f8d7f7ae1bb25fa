"""A run that died between the announcement of a launch and the launch: only the system knows whether it came about."""
from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tasks.model import event as e
from tasks.model.case import State, Step
from tasks.steps.work import resource_of
from tests.e2e.case.conftest import Site


async def announced(site: Site, order: str) -> None:
    """An upgrade that was announced by a run which is gone; nothing of it has reached the system."""
    await site.booked(order)
    case = await site.tend(State.BACKED_UP)
    key = case.key_of(Step.UPGRADE)
    assert site.store.acquire(resource_of(case), "a process that is gone", 0.5) is not None
    site.say(e.StepStarted(at=site.now(), by="upgrade", step=Step.UPGRADE, plan_revision=1, attempt=1))
    site.say(e.UpgradeLaunching(at=site.now(), by="upgrade", run=key, fence=f"{case.id}-1"))
    await asyncio.sleep(0.6)


async def test_a_launch_that_never_came_about_is_not_made_when_the_window_is_over(site: Site) -> None:
    await announced(site, "SO-late")
    site.ahead += timedelta(hours=3)
    case = await site.tend(State.NEEDS_ENGINEER)
    assert case.trouble is not None and "the latest start passed" in case.trouble.reason
    assert case.trouble.resume is State.BACKED_UP and case.launch is None
    with pytest.raises(Exception, match=site.case_id):
        site.launches()


async def test_a_launch_that_never_came_about_is_made_once_while_every_guard_lets_it_pass(site: Site) -> None:
    await announced(site, "SO-again")
    await site.tend(State.TESTING)
    assert site.kinds().count("upgrade_launching") == 1 and site.launches() == "1"
    await site.reverted()
