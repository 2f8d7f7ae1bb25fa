"""Starts and stops the swarm of a lab, and gives the fleet entries of its systems."""
from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncssh
from rich.console import Console

from deployments.lab.layout import Layout
from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm.config import SwarmConfig
from deployments.lab.swarm.draw import draw
from deployments.lab.swarm.entry import fleet_entry
from deployments.lab.swarm.place import MODULE, Place, write_atomically
from deployments.lab.trouble import LabError
from tasks.wire.known_hosts import record_all

READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 10.0
QUIET_S = 2.0               # a start that takes longer is told


def start(
    directory: Path,
    count: int,
    databases: list[SwarmDatabase],
    *,
    faults: dict[int, str] | None = None,
    seed: int = 1,
    network: str = "127.30",
    port: int = 2020,
) -> list[dict[str, Any]]:
    """Start the swarm of the lab in ``directory``, wait until it listens, record its host keys in the lab's home.

    Gives the systems as entries of a fleet file. One that runs with the same configuration is left alone, another one
    is replaced. ``faults`` are written as in faults.py, by number (1 is swarm-00001). Raises LabError.
    """
    layout = Layout.of(directory)
    public_key = layout.home / "keys/inspect.pub"
    try:
        config = SwarmConfig(
            count, tuple(databases), public_key.read_text().strip(), seed, network, port, dict(faults or {})
        )
    except OSError as error:
        raise LabError(f"{public_key} cannot be read ({error.strerror}); make the lab's keys first") from error
    except ValueError as error:
        raise LabError(str(error)) from error
    place = Place(layout.swarm)
    with _locked(place):
        if not _runs_with(place, config):
            _stop(place)
            write_atomically(place.config, config.to_json())
            place.forget_process()
            _spawn(place)
        _wait_until_ready(place, config)
    record_all(layout.home / "known_hosts", _host_keys(config), replace=True)
    return [fleet_entry(draw(config.seed, number), config) for number in config.numbers()]


def stop(directory: Path) -> None:
    """End the swarm of the lab in ``directory``, if one runs; its folder holds no running process afterwards."""
    place = Place(Layout.of(directory).swarm)
    if place.folder.is_dir():
        with _locked(place):
            _stop(place)
            place.forget_process()
            place.config.unlink(missing_ok=True)        # it holds the databases' passwords


def _runs_with(place: Place, config: SwarmConfig) -> bool:
    """Whether a server runs here with that configuration, also one that does not listen yet."""
    try:
        return place.process() is not None and place.config.read_text() == config.to_json()
    except OSError:
        return False


def _spawn(place: Place) -> None:
    """Start the server in a session of its own, so that it outlives this program and its terminal."""
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", MODULE, str(place.config)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(log)
    place.write_pid(pid)


def _wait_until_ready(place: Place, config: SwarmConfig) -> None:
    """Raises LabError with the server's last words when it ends, or does not listen in time."""
    started = time.monotonic()
    told = False
    while not place.is_ready():
        waited_s = time.monotonic() - started
        if place.process() is None:
            raise LabError(f"the swarm ended as it started: {_last_words(place)}; see {place.log}")
        if waited_s > READY_WITHIN_S:
            _stop(place)
            raise LabError(f"the swarm did not listen within {READY_WITHIN_S:g} s; see {place.log}")
        if waited_s > QUIET_S and not told:
            told = True
            Console(stderr=True).print(f"opening the addresses of {config.count:,} systems …")
        time.sleep(0.02)


def _last_words(place: Place) -> str:
    with suppress(OSError):
        lines = place.log.read_text(errors="replace").splitlines()
        if lines:
            return lines[-1].rpartition("the swarm cannot serve: ")[2]
    return "it said nothing"


def _stop(place: Place) -> None:
    """End this folder's own server, and nothing else: see place.Process."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        process = place.process()
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
        until = time.monotonic() + STOPPED_WITHIN_S
        while process.alive(place.config) and time.monotonic() < until:
            time.sleep(0.02)
        with suppress(ChildProcessError):       # where it was this very program that started it
            os.waitpid(process.pid, os.WNOHANG)


def _host_keys(config: SwarmConfig) -> Iterator[tuple[str, int, asyncssh.SSHKey]]:
    for number in config.numbers():
        yield config.address(number), config.port, asyncssh.import_public_key(config.public_host_key(number))


@contextmanager
def _locked(place: Place) -> Iterator[None]:
    """One starts or stops at a time; a second one waits."""
    place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(place.lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
