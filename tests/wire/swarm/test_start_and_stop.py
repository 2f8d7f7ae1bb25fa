"""Starting and stopping a swarm: repeatable, after a crash too, and nothing is left behind."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncssh
import pytest

from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm import control
from deployments.lab.trouble import LabError


def alive(pid: int) -> bool:
    """A dead child that nobody has waited for yet is not alive."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def listens(entry: dict[str, object]) -> bool:
    ssh = entry["ssh"]
    assert isinstance(ssh, dict)
    with socket.socket() as caller:
        caller.settimeout(2)
        return caller.connect_ex((ssh["host"], ssh["port"])) == 0


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    while alive(pid):
        time.sleep(0.01)


def test_a_swarm_is_up_and_then_gone(start_swarm) -> None:
    swarm = start_swarm(300)
    pid = swarm.pid
    assert alive(pid)
    assert len(list(Path(f"/proc/{pid}/fd").iterdir())) < 340         # a socket a system, and no other hoard
    assert listens(swarm.entries[0]) and listens(swarm.entries[299])
    control.stop(swarm.directory)
    assert not alive(pid)
    assert not any(listens(entry) for entry in swarm.entries)
    assert sorted(path.name for path in swarm.layout.swarm.iterdir()) == ["lock", "log"]
    control.stop(swarm.directory)                           # nothing to stop is no error


async def test_a_visit_that_is_under_way_does_not_hold_the_stop_up(start_swarm) -> None:
    swarm = start_swarm(1)
    ssh = swarm.entries[0]["ssh"]
    async with asyncssh.connect(
        ssh["host"], ssh["port"], username="root", known_hosts=None, config=None, agent_path=None,
        client_keys=[str(swarm.layout.home / "keys/inspect")],
    ):
        begin = time.monotonic()
        control.stop(swarm.directory)
        assert time.monotonic() - begin < 3


def test_the_same_swarm_is_not_started_twice(start_swarm) -> None:
    first = start_swarm(3)
    pid, port = first.pid, first.entries[0]["ssh"]["port"]
    again = start_swarm(3, port=port)
    assert again.pid == pid
    assert again.entries == first.entries


def test_another_configuration_replaces_the_running_swarm(start_swarm) -> None:
    first = start_swarm(3)
    pid, port = first.pid, first.entries[0]["ssh"]["port"]
    other = start_swarm(2, {1: "deny"}, port=port)
    assert other.pid != pid
    assert not alive(pid)
    assert not listens(first.entries[2])


async def test_a_crash_leaves_nothing_that_stands_in_the_way(start_swarm) -> None:
    first = start_swarm(3)
    kill(first.pid)
    assert (first.layout.swarm / "READY").exists()
    again = start_swarm(3, port=first.entries[0]["ssh"]["port"])
    assert alive(again.pid)
    assert (await again.visit(1)).contact.state == "reached"


def test_a_stale_file_never_leads_to_a_strangers_process(start_swarm) -> None:
    swarm = start_swarm(1)
    kill(swarm.pid)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        fields = Path(f"/proc/{stranger.pid}/stat").read_text().rpartition(")")[2].split()
        (swarm.layout.swarm / "PID").write_text(f"{stranger.pid} {fields[19]}\n")
        control.stop(swarm.directory)
        assert stranger.poll() is None
        (swarm.layout.swarm / "PID").write_text("no number\n")
        control.stop(swarm.directory)
    finally:
        stranger.kill()
        stranger.wait()


def test_the_swarm_outlives_the_program_that_started_it(lab: Path, database: SwarmDatabase) -> None:
    program = (
        "import sys; from pathlib import Path; from deployments.lab.spec import SwarmDatabase\n"
        "from deployments.lab.swarm import control\n"
        "control.start(Path(sys.argv[1]), 2, [SwarmDatabase('small', '127.0.0.1', 3306, 'u', 'p')], network='127.38')\n"
    )
    subprocess.run([sys.executable, "-c", program, str(lab)], check=True, timeout=60)
    pid = int((lab / "swarm/PID").read_text().split()[0])
    try:
        assert alive(pid)
        assert os.getpgid(pid) != os.getpgid(0)
    finally:
        control.stop(lab)
    assert not alive(pid)


def test_its_host_keys_are_recorded_beside_those_of_others(start_swarm, lab: Path) -> None:
    known_hosts = lab / "home/known_hosts"
    other = "[127.21.0.1]:2020 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEcZWs9+eVs4qhCsIYd6hBhUZLNeUvoE03rOIP8rqD1h"
    known_hosts.write_text(f"{other}\n")
    swarm = start_swarm(2)
    port = swarm.entries[0]["ssh"]["port"]
    start_swarm(2, port=port)
    lines = known_hosts.read_text().splitlines()
    assert other in lines
    assert [line.split()[0] for line in lines if line != other] == [f"[127.39.0.{n}]:{port}" for n in (1, 2)]


def test_the_start_up_file_is_closed_to_others(start_swarm) -> None:
    swarm = start_swarm(1)
    for name in ("config.json", "PID", "READY", "log"):
        assert (swarm.layout.swarm / name).stat().st_mode & 0o077 == 0


def test_an_address_that_is_taken_is_told_in_one_sentence(start_swarm, lab: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.39.0.2", 0))
        other.listen()
        with pytest.raises(LabError, match=r"the swarm ended as it started: 127\.39\.0\.2:\d+ .*in use; .*"):
            start_swarm(3, port=other.getsockname()[1])
    (lab / "swarm/log").unlink()


@pytest.mark.parametrize(("count", "faults", "said"), [
    (0, {}, "1 to 19,000 systems"),
    (2, {1: "explode"}, "unknown fault"),
])
def test_a_swarm_that_cannot_be_is_refused(start_swarm, count: int, faults: dict[int, str], said: str) -> None:
    with pytest.raises(LabError, match=said):
        start_swarm(count, faults)


def test_a_lab_without_keys_is_told_to_make_them(tmp_path: Path, database: SwarmDatabase) -> None:
    with pytest.raises(LabError, match="make the lab's keys first"):
        control.start(tmp_path, 1, [database])
