"""Actions that fail, hang or lose their answer; clients and services that die: never twice, never told untruly."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from deployments.lab.serverware.config import register_file
from deployments.lab.serverware.faults import Fault
from tasks.model.profile_serverware import Action
from tasks.model.serverware import ServerwareError, TaskEnd, Trouble, VpsState
from tests.e2e.serverware.served_site import VPS_ID, Site, until_busy

pytestmark = [pytest.mark.lab, pytest.mark.prove]
Until = Callable[[Callable[[], bool]], None]


def started(site: Site) -> str:
    return site.box().run("cat", "/proc/1/stat").split()[21]


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.DEAF])
@pytest.mark.parametrize("action", [Action.CLONE, Action.RESTART, Action.STOP])
async def test_what_was_not_done_is_not_told_as_done_and_not_sent_again(
    site: Site, fault: Fault, action: Action
) -> None:
    before = started(site)
    site.tell({action: fault})
    async with site.client(site.api_with(answer_s=0.7, settle_s=0.6)) as sw:
        asked = sw.clone(VPS_ID, "c", "n") if action is Action.CLONE else getattr(sw, action.value)(VPS_ID)
        with pytest.raises(ServerwareError) as told:
            await asked
        assert told.value.trouble is (Trouble.REFUSED if fault is Fault.REFUSE else Trouble.OUTCOME_UNKNOWN)
        site.tell()
        assert len(await sw.vpses()) == 1
        assert (await sw.vps(VPS_ID)).last_task is None
    assert started(site) == before


@pytest.mark.parametrize("action", [Action.RESTART, Action.STOP, Action.START])
async def test_an_answer_that_was_lost_is_learnt_from_the_record(site: Site, action: Action) -> None:
    before = started(site)
    async with site.client(site.api_with(answer_s=0.7)) as sw:
        if action is Action.START:
            await sw.stop(VPS_ID)
        site.tell({action: Fault.MUTE})
        after = await getattr(sw, action.value)(VPS_ID)
    assert after.state is (VpsState.STOPPED if action is Action.STOP else VpsState.RUNNING)
    assert after.last_task.action == action
    assert action is Action.STOP or started(site) != before


async def test_clone_restore_and_deletion_whose_answers_are_lost_are_done_once(site: Site) -> None:
    rows = site.sql("SELECT COUNT(*) FROM cdr")
    site.tell({Action.CLONE: Fault.MUTE, Action.RESTORE: Fault.MUTE, Action.DELETE_CLONE: Fault.MUTE})
    async with site.client(site.api_with(answer_s=0.7)) as sw:
        clone = await sw.clone(VPS_ID, "c", "n")
        assert clone.complete and len(await sw.clones(VPS_ID)) == 1
        site.sql("DELETE FROM cdr LIMIT 100")
        restored = await sw.restore(VPS_ID, clone)
        assert restored.last_task.end is TaskEnd.DONE
        site.boot()
        assert site.sql("SELECT COUNT(*) FROM cdr") == rows
        await sw.delete_clone(clone)
        assert await sw.clones(VPS_ID) == ()


async def test_a_clone_that_fails_half_way_is_never_taken_for_a_backup(site: Site, sw: Any) -> None:
    site.tell({Action.CLONE: Fault.FAIL})
    with pytest.raises(ServerwareError, match=r"is not complete .* failed half-way; delete it") as told:
        await sw.clone(VPS_ID, "c", "n")
    assert told.value.trouble is Trouble.TASK_FAILED
    site.tell()
    (half,) = await sw.clones(VPS_ID)
    assert not half.complete
    with pytest.raises(ServerwareError, match=r"nothing was touched: .* is not complete"):
        await sw.restore(VPS_ID, half)
    with pytest.raises(ServerwareError, match="is not complete"):
        await sw.clone(VPS_ID, "c", "n")
    await sw.delete_clone(half)
    assert (await sw.clone(VPS_ID, "c", "n")).complete


async def test_a_restore_that_fails_tells_that_the_vps_is_stopped_and_can_be_repeated(site: Site, sw: Any) -> None:
    clone = await sw.clone(VPS_ID, "c", "n")
    site.tell({Action.RESTORE: Fault.FAIL})
    with pytest.raises(ServerwareError, match="which is stopped now, ended as failed") as told:
        await sw.restore(VPS_ID, clone)
    assert told.value.trouble is Trouble.TASK_FAILED
    site.tell()
    assert (await sw.restore(VPS_ID, clone)).state is VpsState.RUNNING


async def test_a_task_that_hangs_is_left_alone_and_told_and_blocks_every_other(site: Site) -> None:
    site.tell({Action.CLONE: Fault.HANG})
    async with site.client(site.api_with(task_s=1.0)) as sw:
        with pytest.raises(ServerwareError, match=r"still works on VPS 101 .*; it was not ended") as told:
            await sw.clone(VPS_ID, "c", "n")
        assert told.value.trouble is Trouble.TASK_GOES_ON
        with pytest.raises(ServerwareError, match="works on VPS 101: clone") as told:
            await sw.restart(VPS_ID)
        assert told.value.trouble is Trouble.BUSY
        with pytest.raises(ServerwareError) as told:
            await sw.clone(VPS_ID, "c", "n")
        assert told.value.trouble is Trouble.TASK_GOES_ON
        site.tell()
        assert (await sw.wait_idle(VPS_ID, 20)).task is None
        assert (await sw.clone(VPS_ID, "c", "n")).complete
        assert len(await sw.clones(VPS_ID)) == 1


@pytest.mark.parametrize("fault", [None, Fault.MUTE])
async def test_a_client_killed_during_a_clone_and_repeated_makes_one_clone(
    site: Site, sw: Any, until: Until, fault: Fault | None
) -> None:
    """Killed while the task runs, or between request and answer: SERVERware goes on either way."""
    site.tell({Action.CLONE: fault} if fault else {}, slow_s=1.5)
    client = site.script("await sw.clone('101', 'case-5', 'case-5:1')")
    until(lambda: "case-5" in register_file(site.layout).read_text())
    client.kill()
    assert client.wait() < 0
    site.tell()
    clone = await sw.clone(VPS_ID, "case-5", "case-5:1")
    assert clone.complete
    assert [each.id for each in await sw.clones(VPS_ID)] == [clone.id]


async def test_a_service_killed_during_a_clone_tells_it_as_interrupted(site: Site, sw: Any, until: Until) -> None:
    site.tell({Action.CLONE: Fault.HANG})
    asking = asyncio.create_task(sw.clone(VPS_ID, "c", "n"))
    await until_busy(sw)
    site.kill_service()
    site.tell()
    await asyncio.sleep(0.5)
    site.serve()
    with pytest.raises(ServerwareError, match=r"is not complete .* no task works on it: SERVERware was restarted"):
        await asking
    original = await sw.vps(VPS_ID)
    assert (original.task, original.state, original.last_task.end) == (None, VpsState.RUNNING, TaskEnd.INTERRUPTED)
    (half,) = await sw.clones(VPS_ID)
    assert not half.complete
    await sw.delete_clone(half)
    assert (await sw.clone(VPS_ID, "c", "n")).complete


async def test_a_service_killed_during_a_restore_tells_it_as_interrupted(site: Site, sw: Any) -> None:
    clone = await sw.clone(VPS_ID, "c", "n")
    site.tell({Action.RESTORE: Fault.HANG})
    asking = asyncio.create_task(sw.restore(VPS_ID, clone))
    await until_busy(sw)
    site.kill_service()
    site.tell()
    site.serve()
    with pytest.raises(ServerwareError, match="restore of VPS 101, which is running now, ended as interrupted"):
        await asking
    assert (await sw.restore(VPS_ID, clone)).last_task.end is TaskEnd.DONE


async def test_a_service_that_stays_away_after_an_action_leaves_its_outcome_unknown(site: Site) -> None:
    async with site.client(site.api_with(outage_s=0.5)) as sw:
        site.tell({Action.RESTART: Fault.HANG})
        asking = asyncio.create_task(sw.restart(VPS_ID))
        await until_busy(sw)
        site.kill_service()
        with pytest.raises(ServerwareError, match="restart of VPS 101 was asked for, and then SERVERware") as told:
            await asking
        assert told.value.trouble is Trouble.OUTCOME_UNKNOWN and told.value.may_have_changed_something


async def test_a_slow_serverware_is_waited_for(site: Site, sw: Any) -> None:
    site.tell(slow_s=2.5)
    began = time.monotonic()
    assert (await sw.clone(VPS_ID, "c", "n")).complete
    assert time.monotonic() - began > 2.5


async def test_two_clients_that_clone_at_once_make_one_clone(site: Site) -> None:
    site.tell(slow_s=1.0)

    async def ask() -> object:
        async with site.client() as sw:
            try:
                return (await sw.clone(VPS_ID, "c", "n")).id
            except ServerwareError as error:
                return error.trouble

    got = await asyncio.gather(ask(), ask())
    async with site.client() as sw:
        (clone,) = await sw.clones(VPS_ID)
    assert clone.id in got
    assert set(got) <= {clone.id, Trouble.BUSY}
