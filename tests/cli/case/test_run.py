"""`uplift case upgrade|test`: a step is run only when it is due, and a verdict of people is recorded by name."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.model.case import State, Step
from tasks.steps.work import resource_of
from tasks.wire.store import Store


async def test_an_upgrade_that_is_not_due_is_refused_with_what_comes_next(
    uplift: Any, case_at: Any, stored: Any
) -> None:
    before = case_at(State.SCHEDULED)
    ended = await uplift("case", "upgrade", "C-1")
    assert ended.code == 2 and ended.out == ""
    assert "upgrade is not due in C-1, which is scheduled; next is: waiting for the inspection" in " ".join(
        ended.err.split())
    assert stored() == before


async def test_a_held_upgrade_is_not_begun(uplift: Any, running: Any, stored: Any) -> None:
    before = running(Step.UPGRADE, started=False)
    assert (await uplift("hold", "on", "--reason", "carrier outage", "--by", "eva")).code == 0
    ended = await uplift("case", "upgrade", "C-1")
    assert ended.code == 2 and "the hold of eva to be lifted: carrier outage" in ended.err
    assert stored() == before


async def test_a_due_upgrade_without_its_site_launches_nothing_and_brings_the_engineer(
    uplift: Any, running: Any, stored: Any, kinds: Any
) -> None:
    """The case is of no fleet file that this UPLIFT_HOME knows: the run ends before anything is launched."""
    running(Step.UPGRADE, started=False)
    ended = await uplift("case", "upgrade", "C-1")
    assert ended.code == 1, ended.err
    assert "upgrade began (plan revision 1, attempt 1)" in ended.out, "the journal is shown as it grows"
    assert "Traceback" not in ended.err
    case = stored()
    assert (case.state, case.launch, case.running) == (State.NEEDS_ENGINEER, None, None)
    assert "upgrade_launching" not in kinds()


async def test_who_comes_while_another_process_has_the_system_is_told_so_though_nothing_is_recorded_yet(
    uplift: Any, running: Any, stored: Any, home: Path
) -> None:
    """Between taking the system's lease and recording that its run began, the other process has only the lease."""
    before = running(Step.UPGRADE, started=False)
    with Store.open(f"sqlite:///{home / 'uplift.db'}") as store:
        assert store.acquire(resource_of(before), "another shell", 60) is not None
    ended = await uplift("case", "upgrade", "C-1")
    assert ended.code == 1 and "another process works on acme; follow it with" in " ".join(ended.err.split())
    assert stored() == before


async def test_a_verdict_of_people_is_recorded_by_name(uplift: Any, case_at: Any, stored: Any) -> None:
    case_at(State.TESTING)
    silent = await uplift("case", "test", "C-1", "--passed")
    assert silent.code == 2 and "a verdict needs what was tested and seen; say it with --summary" in silent.err
    failed = await uplift("case", "test", "C-1", "--failed", "--summary", "no sound inbound", "--by", "Ann")
    assert failed.code == 0, failed.err
    assert stored().trouble.reason == "the tests failed: no sound inbound"
    passed = await uplift("case", "test", "C-1", "--passed", "--summary", "ten calls, two queues", "--by", "Ann",
                          "--watch-days", "5", "--json")
    assert (passed.code, passed.json["state"]) == (0, "watching")
    case = stored()
    assert (case.tests.by, case.tests.passed, (case.watch_until - case.tests.at).days) == ("Ann", True, 5)
