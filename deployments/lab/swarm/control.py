"""Starts and stops the swarm of a lab, and gives the fleet entries of its systems."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh
from rich.console import Console

from deployments.lab.detached import Place
from deployments.lab.layout import Layout
from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm.config import SwarmConfig
from deployments.lab.swarm.draw import draw
from deployments.lab.swarm.entry import fleet_entry
from deployments.lab.trouble import LabError
from tasks.wire.known_hosts import record_all

MODULE = "deployments.lab.swarm.server"
READY_WITHIN_S = 60.0
QUIET_S = 2.0               # a start that takes longer is told


def swarm_place(layout: Layout) -> Place:
    return Place(layout.swarm, MODULE)


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
    place = swarm_place(layout)
    with place.locked():
        if not place.runs_with(config.to_json()):
            place.stop()
            place.spawn(config.to_json())
        place.wait_until_ready("the swarm", READY_WITHIN_S, partial(_tell, count=config.count, told=[]))
    record_all(layout.home / "known_hosts", _host_keys(config), replace=True)
    return [fleet_entry(draw(config.seed, number), config) for number in config.numbers()]


def stop(directory: Path) -> None:
    """End the swarm of the lab in ``directory``, if one runs; its folder holds no running process afterwards."""
    place = swarm_place(Layout.of(directory))
    if place.folder.is_dir():
        with place.locked():
            place.stop()
            place.forget_process()
            place.config.unlink(missing_ok=True)        # it holds the databases' passwords


def _tell(waited_s: float, count: int, told: list[bool]) -> None:
    if waited_s > QUIET_S and not told:
        told.append(True)
        Console(stderr=True).print(f"opening the addresses of {count:,} systems …")


def _host_keys(config: SwarmConfig) -> Iterator[tuple[str, int, asyncssh.SSHKey]]:
    for number in config.numbers():
        yield config.address(number), config.port, asyncssh.import_public_key(config.public_host_key(number))

