"""What a lab holds and how each of its systems is. Reads only."""
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deployments.lab.container import Container
from deployments.lab.layout import Layout
from deployments.lab.record import records


class State(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    UNFINISHED = "unfinished"               # an `up` was killed while it made this one


@dataclass(frozen=True)
class Status:
    name: str
    role: str
    address: str
    state: State


def status(directory: Path) -> list[Status]:
    """The systems of the lab in ``directory``; empty when there is none."""
    layout = Layout.of(directory)
    found = []
    for record in records(layout).values():
        running = Container(layout, record.name, record.rootfs(layout)).running()
        state = State.UNFINISHED if not record.ready else State.RUNNING if running else State.STOPPED
        found.append(Status(record.name, record.role.value, record.address, state))
    return found
