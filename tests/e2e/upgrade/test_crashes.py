"""Kills, faults and rivals on a real appliance: one launch, a true state, and a way on."""
from __future__ import annotations

import asyncio

import pytest

from deployments.lab.upgrade_faults import Fault, Stage, Trouble, leave_broken
from tasks.model.release import Release
from tasks.wire import upgrader
from tasks.wire.upgrader import LaunchRefused
from tasks.wire.upgrader.launching import launch_script

pytestmark = [pytest.mark.lab, pytest.mark.prove]
RUN = "C-1:upgrade:1:1"
TARGET = Release.parse("7.2.0")
ROWS = "SELECT COUNT(*), MIN(AcctId), MAX(AcctId) FROM cdr"


def power_cut(appliance) -> None:
    """End every process of the appliance at once, and boot it again."""
    appliance.box.stop(kill=True)
    appliance.clear()
    appliance.boot()


@pytest.mark.parametrize(("fault", "schema_state", "release"), [
    (Fault(Stage.UNPACK, Trouble.HANG), "old", "6.7.1"),
    (Fault(Stage.MIGRATE, Trouble.HANG), "old", "6.7.1"),
    (Fault(Stage.MIGRATE, Trouble.HALF), "half", "6.7.1"),
    (Fault(Stage.SWAP, Trouble.HANG), "new", "6.7.1"),
    (Fault(Stage.START, Trouble.HANG), "new", "7.2.0"),
], ids=lambda value: value.line.replace(" ", "-") if isinstance(value, Fault) else "")
async def test_an_appliance_killed_in_a_stage_died_there_and_is_finished_by_resume(
    appliance, fault: Fault, schema_state: str, release: str
) -> None:
    rows = appliance.sql(ROWS)
    appliance.faults(fault)
    await appliance.launch()
    running = await appliance.until("running", stage=fault.stage)
    while fault.trouble is Trouble.HALF and running.evidence.schema_state != "half":
        running = await appliance.until("running", stage="migrate")
    assert running.migration_running
    await asyncio.to_thread(power_cut, appliance)

    died = await appliance.status()             # it booted and serves, as if nothing had happened
    assert (died.state.kind, died.state.stage) == ("died", fault.stage)
    assert died.migration_running is False
    assert died.evidence.fence is not None
    assert died.evidence.schema_state == schema_state
    assert died.evidence.release == Release.parse(release)
    assert died.evidence.asterisk is not None
    again = await appliance.launch()
    assert (again.launches, again.found) == (1, True)
    assert (await appliance.status()).state.kind == "died"

    assert (await appliance.resume()).launches == 2
    ended = await appliance.until("exited")
    assert ended.state.code == 0, appliance.log()
    assert ended.evidence.release == TARGET
    assert ended.evidence.schema_state == "new"
    assert appliance.sql(ROWS) == rows
    assert (await appliance.call("95550100")).ok


@pytest.mark.parametrize("stage", list(Stage))
async def test_a_failure_in_a_stage_is_an_exit_there(appliance, stage: Stage) -> None:
    appliance.faults(Fault(stage, Trouble.FAIL))
    await appliance.launch()
    ended = await appliance.until("exited")
    assert (ended.state.code, ended.state.stage) == (1, stage)
    assert ended.migration_running is False
    swapped = stage in (Stage.START, Stage.VERSION)
    assert (ended.evidence.release == TARGET) is swapped
    assert (ended.evidence.asterisk is None) is (stage not in (Stage.UNPACK, Stage.STOP, Stage.VERSION))
    with pytest.raises(LaunchRefused, match="fenced by another run"):
        await appliance.launch("C-1:upgrade:1:2", token=2)


async def test_an_upgrade_that_hangs_is_running_and_goes_on_when_it_can(appliance) -> None:
    appliance.faults(Fault(Stage.CONVERT, Trouble.HANG))
    await appliance.launch()
    await appliance.until("running", stage="convert")
    await asyncio.sleep(2.5)
    hanging = await appliance.status()
    assert hanging.state.kind == "running"
    assert hanging.state.since_s > 2
    assert hanging.state.heartbeat_age_s < 3
    appliance.clear()
    assert (await appliance.until("exited")).state.code == 0


async def test_an_upgrader_that_is_killed_leaves_its_signal_and_its_fence(appliance) -> None:
    appliance.faults(Fault(Stage.MIGRATE, Trouble.DIE))
    await appliance.launch()
    ended = await appliance.until("exited")
    assert (ended.state.code, ended.state.stage) == (137, "migrate")
    assert "died in migrate" in appliance.box.run(
        "bash", "-c", "/opt/pbxware/sh/upgrade other 7.2.0 2>&1; echo code $?"
    )


@pytest.mark.parametrize("stage", [Stage.UNPACK, Stage.MIGRATE])
async def test_a_full_disk_fails_the_upgrade_and_the_state_is_still_told(appliance, stage: Stage) -> None:
    appliance.faults(Fault(stage, Trouble.FILL_DISK))
    await appliance.launch()
    ended = await appliance.until("exited")
    assert (ended.state.code, ended.state.stage) == (1, stage)
    free_kb = int(appliance.box.run("bash", "-c", "df -k --output=avail /opt/pbxware | tail -1"))
    assert free_kb < 1_000_000              # what btrfs still holds back for itself
    appliance.clear()
    assert int(appliance.box.run("bash", "-c", "df -k --output=avail /opt/pbxware | tail -1")) > 10_000_000


async def test_six_launchers_at_the_same_time_are_one_launch(appliance) -> None:
    appliance.faults(Fault(Stage.UNPACK, Trouble.HANG))
    launches = await asyncio.gather(*(appliance.launch() for _ in range(6)))
    assert {one.launches for one in launches} == {1}
    assert sorted(one.found for one in launches) == [False] + [True] * 5
    appliance.clear()
    assert (await appliance.until("exited")).state.code == 0
    assert (await appliance.launch()).found
    assert appliance.starts() == 1


async def test_a_launcher_killed_between_fence_and_start_is_finished_by_the_next(appliance) -> None:
    cut, _, _ = launch_script(appliance.profile, RUN, 1, TARGET, case_id="C-1").partition("# The runner:")
    async with appliance.connect() as connection:
        await connection.run("exec /bin/sh -s", input=cut)
    status = await appliance.status()
    assert (status.state.kind, status.state.fenced) == ("not_started", True)
    assert appliance.starts() == 0
    assert (await appliance.launch()).launches == 1
    assert (await appliance.until("exited")).state.code == 0
    assert appliance.starts() == 1


async def test_older_leases_other_runs_and_other_machines_are_refused(appliance) -> None:
    appliance.faults(Fault(Stage.UNPACK, Trouble.HANG))
    async with appliance.connect() as connection:
        with pytest.raises(LaunchRefused, match="another machine answers"):
            await upgrader.launch(connection, appliance.profile, RUN, 1, TARGET, machine_id="0" * 32)
    await appliance.launch(token=5)
    with pytest.raises(LaunchRefused, match="fencing token 5"):
        await appliance.launch(token=4)
    with pytest.raises(LaunchRefused, match=r"another run \(run=C-1:upgrade:1:1 case=C-1 token=5 machine="):
        await appliance.launch("C-2:upgrade:1:1", token=6)
    appliance.clear()
    assert (await appliance.until("exited")).state.code == 0


async def test_an_upgrade_by_hand_is_seen_and_not_disturbed(appliance) -> None:
    appliance.faults(Fault(Stage.UNPACK, Trouble.HANG))
    await appliance.by_hand("byhand")
    status = await appliance.status()
    assert status.state.platform_busy
    assert status.migration_running
    with pytest.raises(LaunchRefused, match="runs already"):
        await appliance.launch()
    appliance.clear()


BROKEN = {
    Trouble.INDEX_MISSING: lambda a: a.box.run("/opt/pbxware/sh/upgrade-status", "schema").strip() == "half",
    Trouble.ROWS_LOST: lambda a: a.sql("SELECT COUNT(*) FROM cdr") == "19900",
    Trouble.MODULE_MISSING: lambda a: "res_rtp_asterisk" not in a.asterisk("module show like res_rtp"),
    Trouble.NO_TRUNK: lambda a: "trunk" not in a.asterisk("pjsip show endpoints"),
    Trouble.EXTENSION_MISSING: lambda a: "103" not in a.asterisk("pjsip show endpoints"),
    Trouble.CODEC_DROPPED: lambda a: "(ulaw|g722)" in a.asterisk("pjsip show endpoint 101"),
    Trouble.WRONG_CONTEXT: lambda a: "nowhere" in a.asterisk("pjsip show endpoint 101"),
    Trouble.STOPPED: lambda a: "stopped" in a.box.run("bash", "-c", "/opt/pbxware/sh/pbxware status || true"),
    Trouble.HEADER_STALE: lambda a: "v6.7.1.0" in a.box.run("head", "-2", a.profile.paths.version_header),
}


LOUD = frozenset({Trouble.STOPPED, Trouble.WRONG_CONTEXT, Trouble.EXTENSION_MISSING})   # others could not be seen then


@pytest.mark.parametrize("together", [
    [fault for fault in leave_broken() if fault.trouble not in LOUD],
    [Fault(Stage.CONVERT, Trouble.WRONG_CONTEXT), Fault(Stage.CONVERT, Trouble.EXTENSION_MISSING)],
    [Fault(Stage.START, Trouble.STOPPED)],
], ids=["quiet", "misled", "stopped"])
async def test_what_an_upgrade_leaves_broken_is_not_told_by_its_exit_code(appliance, together: list[Fault]) -> None:
    appliance.faults(*together)
    await appliance.launch()
    assert (await appliance.until("exited")).state.code == 0
    for fault in together:
        assert await asyncio.to_thread(BROKEN[fault.trouble], appliance), fault


def test_every_fault_that_leaves_something_broken_is_tried() -> None:
    assert {fault.trouble for fault in leave_broken()} == set(BROKEN)
