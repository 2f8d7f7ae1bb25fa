"""At most one start, whoever launches, how often, and whatever dies in between."""
from __future__ import annotations

import asyncio
import fcntl
import itertools
import random
import subprocess
import time
from pathlib import Path

import pytest

from tasks.model.errors import UserError
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.wire import upgrader
from tasks.wire.upgrader.launching import LaunchRefused, LaunchUnclear, launch_script

RUN = "C-1:upgrade:1:1"
PBXWARE = Profile(name="pbxware")
HERE = Path("/etc/machine-id").read_text().strip() if Path("/etc/machine-id").exists() else "unknown"
TARGET = Release.parse("7.2.0")


async def test_a_launch_starts_the_upgrader_detached_and_its_end_is_seen(site) -> None:
    launched = await site.launch(case_id="C-1")
    assert (launched.launches, launched.found) == (1, False)
    running = await site.until("running", stage="unpack")
    assert running.evidence.fence is not None
    assert (running.evidence.fence.run_id, running.evidence.fence.case_id) == (RUN, "C-1")
    assert running.state.heartbeat_age_s is not None and running.state.heartbeat_age_s < 5
    site.go()
    ended = await site.until("exited")
    assert (ended.state.code, ended.state.stage) == (0, "swap")
    assert ended.evidence.fence is None
    assert site.starts[0][1] == "7.2.0"
    assert "the last words" in (site.state / "runs" / RUN / "log").read_text()
    assert "input /dev/null" in (site.home / "nature").read_text()


async def test_the_journal_on_the_system_tells_its_stages_with_their_times(site) -> None:
    await site.launch()
    site.go()
    await site.until("exited")
    async with site.connect() as connection:
        stages = await upgrader.read_stages(connection, site.profile, RUN)
    assert [mark.stage for mark in stages] == ["unpack", "migrate", "swap"]
    assert all(one.uptime_s <= other.uptime_s for one, other in itertools.pairwise(stages))


async def test_the_same_run_launched_again_finds_the_first_also_when_it_is_over(site) -> None:
    await site.launch()
    again = await site.launch()
    assert (again.launches, again.found) == (1, True)
    site.go()
    await site.until("exited")
    assert (await site.launch()).found
    assert len(site.starts) == 1


async def test_eight_launchers_at_the_same_time_start_it_once(site) -> None:
    launches = await asyncio.gather(*(site.launch() for _ in range(8)))
    assert {one.launches for one in launches} == {1}
    assert [one.found for one in launches].count(False) == 1
    assert len(site.starts) == 1


async def test_another_run_is_refused_with_whose_the_fence_is(site) -> None:
    await site.launch(case_id="C-1")
    with pytest.raises(LaunchRefused, match=r"fenced by another run \(run=C-1:upgrade:1:1 case=C-1") as refused:
        await site.launch("C-2:upgrade:1:1", token=2)
    assert refused.value.code == "launch_fenced"
    assert len(site.starts) == 1


async def test_after_a_good_end_another_run_may_launch_and_after_a_bad_one_not(site) -> None:
    site.go()
    await site.launch()
    await site.until("exited")
    await site.launch("second", token=2)
    await site.until("exited", "second")
    (site.home / "code").write_text("7\n")
    await site.launch("third", token=3)
    assert (await site.until("exited", "third")).state.code == 7
    with pytest.raises(LaunchRefused, match="fenced by another run"):
        await site.launch("fourth", token=4)
    async with site.connect() as connection:
        await upgrader.lift(connection, site.profile, "third", 4)
    await site.launch("fourth", token=4)


async def test_a_lower_fencing_token_is_refused_and_a_higher_one_finds_the_run(site) -> None:
    await site.launch(token=5)
    with pytest.raises(LaunchRefused, match=r"seen the fencing token 5; let this run end"):
        await site.launch(token=4)
    assert (await site.launch(token=6)).found
    with pytest.raises(LaunchRefused, match="token 6"):
        await site.launch(token=5)


async def test_another_machine_is_refused_and_left_as_it_was(site) -> None:
    with pytest.raises(LaunchRefused, match="another machine answers"):
        await site.launch(machine_id="0" * 32)
    assert not site.state.exists()
    assert (await site.launch(machine_id=HERE)).launches == 1


async def test_a_platform_that_is_upgraded_by_hand_is_left_alone(site) -> None:
    lock = site.home / "lock"
    site.profile = site.profile.model_copy(
        update={"upgrader": site.profile.upgrader.model_copy(update={"lock": str(lock)})}
    )
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        status = await site.status()
        assert status.state.platform_busy
        assert status.migration_running
        with pytest.raises(LaunchRefused, match="runs already"):
            await site.launch()
    assert (await site.launch()).launches == 1


async def test_a_launcher_that_dies_between_fence_and_start_shows_it_and_is_finished_by_the_next(site) -> None:
    script = launch_script(site.profile, RUN, 1, TARGET, case_id="C-1")
    cut, _, _ = script.partition("# The runner:")
    async with site.connect() as connection:
        await connection.run("exec /bin/sh -s", input=cut)
    status = await site.status()
    assert status.state.kind == "not_started"
    assert status.state.fenced
    assert site.starts == []
    with pytest.raises(LaunchRefused, match="case=C-1"):
        await site.launch("another", token=2)
    assert (await site.launch(token=3)).launches == 1
    assert len(site.starts) == 1


async def test_a_launcher_killed_at_any_moment_never_leads_to_a_second_start(site) -> None:
    chance = random.Random(20)
    for number in range(1, 16):
        run = f"run-{number}"
        script = launch_script(site.profile, run, number, TARGET)
        await asyncio.to_thread(kill_within, script, chance.random() * 0.15)
        assert (await site.launch(run, token=number)).launches == 1
        await site.until("running", run, stage="unpack")
        assert len(site.starts) == number
        site.go()
        await site.until("exited", run)
        (site.home / "go").unlink()


def kill_within(script: str, seconds: float) -> None:
    """Run a launch here, as sshd would, and kill its shell after so long."""
    with subprocess.Popen(["/bin/sh", "-s"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                          start_new_session=True) as launcher:
        assert launcher.stdin is not None
        launcher.stdin.write(script)
        launcher.stdin.close()
        time.sleep(seconds)
        launcher.kill()


async def test_values_reach_the_system_as_they_are(site) -> None:
    await site.launch(case_id="$(touch /tmp/uplift-was-here) 'quoted' \"case\"")
    status = await site.until("running")
    assert status.evidence.fence.case_id == "$(touch /tmp/uplift-was-here) 'quoted' \"case\""
    for run in ("../../etc", "a b", "", "a\nb", "-x"):
        with pytest.raises(ValueError, match="pattern"):
            await site.launch(run)


async def test_a_profile_without_an_upgrader_is_refused_in_one_sentence(site) -> None:
    async with site.connect() as connection:
        with pytest.raises(UserError, match=r"^the profile 'pbxware' does not say how its systems are upgraded; write"):
            await upgrader.launch(connection, PBXWARE, RUN, 1, TARGET)
        with pytest.raises(UserError, match="does not say how"):
            await upgrader.status(connection, PBXWARE, RUN)


async def test_a_system_that_cannot_be_written_to_is_told(site) -> None:
    site.state.parent.mkdir(exist_ok=True)
    site.state.write_text("a file is in the way")
    with pytest.raises(LaunchRefused, match="cannot be written on the system"):
        await site.launch()


async def test_a_connection_that_is_lost_during_the_launch_leaves_the_launch_unclear(site) -> None:
    async with site.connect() as connection:
        asyncio.get_running_loop().call_later(0.02, connection.abort)
        with pytest.raises(LaunchUnclear, match="launch again with the same run id"):
            await upgrader.launch(connection, site.profile, RUN, 1, TARGET)
    assert (await site.launch()).launches == 1
    assert len(site.starts) == 1
