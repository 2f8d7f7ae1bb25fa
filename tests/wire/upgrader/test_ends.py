"""However a run ends, the state is true: exit codes, kills of the runner, the upgrader or both, and a full disk."""
from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tasks.model.answer import Answer
from tasks.model.release import Release
from tasks.wire import upgrader
from tasks.wire.upgrader.evidence import judged, questions
from tasks.wire.upgrader.launching import LaunchRefused

RUN = "C-1:upgrade:1:1"
TARGET = Release.parse("7.2.0")


def runner_of(site) -> int:
    return int((site.state / "runs" / RUN / "session").read_text().split()[-1])


def knowing(site, **more: str | None) -> None:
    known = site.profile.upgrader.model_copy(update=more)
    site.profile = site.profile.model_copy(update={"upgrader": known})


@pytest.mark.parametrize("code", [0, 1, 75, 137, 255])
async def test_the_exit_code_is_the_upgrader_s(site, code: int) -> None:
    (site.home / "code").write_text(f"{code}\n")
    site.go()
    await site.launch()
    ended = await site.until("exited")
    assert (ended.state.code, ended.state.stage) == (code, "swap")
    assert (ended.evidence.fence is None) == (code == 0)
    assert site.pids() == []


async def test_it_hangs_as_long_as_it_hangs(site) -> None:
    await site.launch()
    site.go("unpack")
    first = await site.until("running", stage="migrate")
    os.kill(runner_of(site), signal.SIGHUP)
    os.killpg(runner_of(site), signal.SIGHUP)
    again = await site.until("running", stage="migrate")
    assert again.state.heartbeat_age_s is not None
    assert first.migration_running and again.migration_running
    site.go()
    assert (await site.until("exited")).state.code == 0


async def test_the_upgrader_killed_alone_is_an_exit_with_its_signal(site) -> None:
    await site.launch()
    await site.until("running", stage="unpack")
    os.kill(int(site.starts[0][0]), signal.SIGKILL)
    assert (await site.until("exited")).state.code == 137


async def test_everything_killed_is_a_death_in_its_stage_and_resume_finishes_it(site) -> None:
    await site.launch()
    site.go("unpack")
    await site.until("running", stage="migrate")
    with pytest.raises(LaunchRefused, match="still at work"):
        async with site.connect() as connection:
            await upgrader.resume(connection, site.profile, RUN, 2, TARGET)
    site.end()
    died = await site.until("died")
    assert died.state.stage == "migrate"
    assert died.migration_running is False
    assert (await site.launch(token=2)).found
    assert len(site.starts) == 1
    async with site.connect() as connection:
        resumed = await upgrader.resume(connection, site.profile, RUN, 2, TARGET)
    assert resumed.launches == 2
    site.go()
    assert (await site.until("exited")).state.code == 0
    assert site.starts[1][2] == "1"
    with pytest.raises(LaunchRefused, match="has ended with exit code 0"):
        async with site.connect() as connection:
            await upgrader.resume(connection, site.profile, RUN, 2, TARGET)


async def test_what_never_began_is_not_resumed_and_a_platform_that_cannot_is_told(site) -> None:
    async with site.connect() as connection:
        with pytest.raises(LaunchRefused, match="never began"):
            await upgrader.resume(connection, site.profile, RUN, 1, TARGET)
        knowing(site, resume=None)
        with pytest.raises(LaunchRefused, match="cannot finish an upgrade that died; revert it"):
            await upgrader.resume(connection, site.profile, RUN, 1, TARGET)


async def test_the_runner_killed_alone_leaves_the_upgrade_running_until_it_ends(site) -> None:
    knowing(site, exit_file=f"{site.home}/exit.{{run}}")
    await site.launch()
    await site.until("running", stage="unpack")
    os.kill(runner_of(site), signal.SIGKILL)
    alone = await site.until("running", stage="unpack")
    assert alone.state.runner_gone
    with pytest.raises(LaunchRefused, match="still at work"):
        async with site.connect() as connection:
            await upgrader.lift(connection, site.profile, RUN, 1)
    site.go()
    assert (await site.until("exited")).state.code == 0


async def test_the_runner_killed_alone_on_a_platform_without_an_exit_file_is_a_death_at_the_end(site) -> None:
    await site.launch()
    await site.until("running", stage="unpack")
    os.kill(runner_of(site), signal.SIGKILL)
    site.go()
    assert (await site.until("died")).state.stage == "swap"


async def test_a_death_after_the_system_was_started_anew_is_seen(site) -> None:
    """A process number that somebody else has now says nothing."""
    await site.launch()
    await site.until("running", stage="unpack")
    session = site.state / "runs" / RUN / "session"
    _, *rest = session.read_text().split()
    session.write_text(" ".join(("another-boot", *rest)) + "\n")
    os.kill(runner_of(site), signal.SIGKILL)        # the upgrader itself lives on, and counts as a stranger now
    assert (await site.until("died")).state.stage == "unpack"


async def test_a_journal_that_may_not_be_read_is_not_taken_for_none(site) -> None:
    await site.launch()
    script = questions(site.profile, RUN)[0].command
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-c", script)
    asking = await asyncio.create_subprocess_exec(*nobody, stdout=subprocess.PIPE)
    said, _ = await asking.communicate()
    assert said == b"told=denied\n"
    status = judged(RUN, {"journal": Answer(exit_code=0, stdout=said.decode())})
    assert status.state.kind == "untold"
    assert status.migration_running is None


@pytest.fixture
def small_disk(site, tmp_path: Path) -> Iterator[Path]:
    """Uplift's folder of the system on a disk of a few hundred KB."""
    site.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "uplift", site.state], check=True)
    try:
        yield site.state
    finally:
        site.go()
        site.end()
        subprocess.run(["umount", "--lazy", site.state], check=True)  # a process just ended may hold it yet


def fill(ballast: Path) -> None:
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"0" * 4096)


async def test_a_full_disk_takes_no_exit_code(site, small_disk: Path) -> None:
    (site.home / "code").write_text("28\n")
    await site.launch()
    await site.until("running", stage="unpack")
    fill(small_disk / "ballast")
    assert shutil.disk_usage(small_disk).free == 0
    (small_disk / "runs" / RUN / "reserve").write_bytes(b"")
    fill(small_disk / "more")
    site.go()
    ended = await site.until("exited")
    assert ended.state.code == 28


async def test_a_launch_onto_a_full_disk_starts_nothing(site, small_disk: Path) -> None:
    fill(small_disk / "ballast")
    with pytest.raises(LaunchRefused, match="make room"):
        await site.launch()
    assert site.starts == []
    assert (await site.status()).state.kind == "not_started"
    (small_disk / "ballast").unlink()
    assert (await site.launch()).launches == 1
