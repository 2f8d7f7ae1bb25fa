"""A sweep: what was asked of which systems, and when. Stored as ``run.json`` beside the raw answers."""
from __future__ import annotations

from datetime import datetime

from pydantic import Field

from tasks.model.finding import Frozen
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.release import Release

SCHEMA_VERSION = 1


class Excluded(Frozen):
    """A system of the fleet file that this sweep left out, and why."""

    system_id: str
    reason: str


class Limits(Frozen):
    """How long one visit may take, each stage and all together, and how much a system may answer."""

    connect_s: float = Field(10.0, gt=0)
    login_s: float = Field(15.0, gt=0)
    shell_s: float = Field(45.0, gt=0)
    sql_s: float = Field(30.0, gt=0)
    total_s: float = Field(90.0, gt=0)
    max_bytes: int = Field(4_000_000, gt=0)


class SweepOptions(Frozen):
    target: Release
    select: str | None = None
    concurrency: int = Field(50, ge=1, le=2000)
    mysql: bool = True
    shard_size: int = Field(500, ge=1, le=1000)
    batch_size: int = Field(50, ge=1, le=100)
    limits: Limits = Limits()


class Target(Frozen):
    """One system to visit, with the key of its profile (its own where it has overrides)."""

    system: System
    profile: str


class SweepPlan(Frozen):
    """``run.json``. ``finished_at`` is None until the sweep is complete."""

    schema_version: int = SCHEMA_VERSION
    sweep_id: str
    started_at: datetime
    finished_at: datetime | None = None
    options: SweepOptions
    fleet_file: str
    systems: int
    excluded: tuple[Excluded, ...] = ()
    profiles: dict[str, Profile] = Field(default_factory=dict)
    uplift_version: str = ""

    @property
    def shards(self) -> int:
        return -(-self.systems // self.options.shard_size)

    def shard_of(self, targets: tuple[Target, ...], shard: int) -> tuple[Target, ...]:
        size = self.options.shard_size
        return targets[shard * size : (shard + 1) * size]

    @property
    def elapsed_s(self) -> float:
        """Seconds from the first start to the end, interruptions included; 0 until it is complete."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else 0.0
