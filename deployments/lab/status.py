"""What a lab holds and how each of its systems is. Reads only."""
from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deployments.lab.container import Container
from deployments.lab.detached import Place
from deployments.lab.layout import Layout
from deployments.lab.record import records
from deployments.lab.swarm.control import swarm_place


class State(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    UNFINISHED = "unfinished"               # an `up` was killed while it made this one


@dataclass(frozen=True)
class SystemStatus:
    name: str
    role: str
    address: str
    state: State


@dataclass(frozen=True)
class Status:
    """``swarm`` is how many simulated systems are served."""

    directory: str
    systems: tuple[SystemStatus, ...]
    swarm: int


def status(directory: Path) -> Status:
    """The lab in ``directory``; without systems when there is none."""
    layout = Layout.of(directory)
    found = []
    for record in records(layout).values():
        running = Container(layout, record.name, record.rootfs(layout)).running()
        state = State.UNFINISHED if not record.ready else State.RUNNING if running else State.STOPPED
        found.append(SystemStatus(record.name, record.role.value, record.address, state))
    return Status(str(layout.root), tuple(found), _served(swarm_place(layout)))


def _served(place: Place) -> int:
    try:
        return int(json.loads(place.config.read_text())["count"]) if place.is_ready() else 0
    except (OSError, ValueError, KeyError):
        return 0
