"""Upgrades of a real appliance that go wrong: told as they are, to an engineer who has something to do."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployments.lab import upgrade_faults
from deployments.lab.layout import Layout
from deployments.lab.upgrade_faults import Fault, Stage, Trouble
from tasks.model.case import LaunchEnd, State
from tests.e2e.case.conftest import TARGET, Site


@pytest.fixture
def faulty(site: Site) -> Iterator[Site]:
    yield site
    upgrade_faults.clear(Layout.of(site.lab.directory), "acme")


def put(site: Site, *faults: Fault) -> None:
    upgrade_faults.put(Layout.of(site.lab.directory), "acme", *faults)


async def test_an_upgrade_that_fails_is_told_with_its_stage_and_can_be_reverted(faulty: Site) -> None:
    await faulty.booked("SO-fails")
    await faulty.tend(State.BACKED_UP)          # the clone is made before the fault, and does not have it
    put(faulty, Fault(Stage.CONVERT, Trouble.FAIL))
    case = await faulty.tend(State.NEEDS_ENGINEER)
    assert case.trouble is not None and case.launch is not None and case.launch.end is LaunchEnd.FAILED
    assert "the upgrade failed at convert: the upgrader ended with exit code 1" in case.trouble.reason
    assert "revert" in case.trouble.remedy
    reverted = await faulty.reverted()
    assert reverted.running_release != TARGET and "Asterisk 16." in faulty.asterisk()


async def test_an_upgrade_that_ends_well_and_loses_the_trunk_fails_its_tests(faulty: Site) -> None:
    await faulty.booked("SO-trunk")
    await faulty.tend(State.BACKED_UP)
    put(faulty, Fault(Stage.CONVERT, Trouble.NO_TRUNK))
    case = await faulty.tend(State.NEEDS_ENGINEER)
    assert case.running_release == TARGET and case.tests is not None and not case.tests.passed
    assert "trunk" in case.tests.summary and "gives the tone back" in case.tests.summary
    await faulty.reverted()
