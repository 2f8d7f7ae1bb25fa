"""What the service can be told to do wrong, while it runs: ``control.tell``."""
from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tasks.model.profile_serverware import Action


class Fault(StrEnum):
    REFUSE = "refuse"       # answers 500 and does nothing
    DEAF = "deaf"           # neither does it nor answers
    MUTE = "mute"           # does it and never answers
    FAIL = "fail"           # answers 202, and the task fails half-way
    HANG = "hang"           # answers 202, and the task does not go on until the fault is lifted


class Faults(BaseModel):
    """``slow_s``: so much longer takes each task. ``vps_ids``: only of these VPSes; None is of all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: dict[Action, Fault] = {}
    slow_s: float = Field(0.0, ge=0)
    vps_ids: frozenset[str] | None = None

    def of(self, action: Action, vps_id: str) -> Fault | None:
        return self.at.get(action) if self.vps_ids is None or vps_id in self.vps_ids else None


def read(path: Path) -> Faults:
    """The faults as they are told now; none where the file is missing."""
    try:
        return Faults.model_validate_json(path.read_text())
    except FileNotFoundError:
        return Faults()
