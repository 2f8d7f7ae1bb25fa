"""The profile's section ``estimate.fit``: what was learnt from measured ALTERs, as coefficients with their score.

Written by ``python -m benchmarks.alter_fit``; nothing is fitted while Uplift runs.
"""
from __future__ import annotations

from pydantic import Field, model_validator

from tasks.model.section import Section


class RebuildFit(Section):
    """The time of one engine's ALTER: ``start_s`` + ((rows·row_s + bytes·byte_s)^p + (passes·bytes/disk)^p)^(1/p).

    The first part is the processor's, the second the disk's; ``overlap`` is p: 1 where one waits for the other, higher
    where both go on at once. ``growth``: all of it times (bytes / 100 MB)^growth, because a table that outgrows the
    server's memory is sorted on the disk. ``low`` and ``high`` are factors of (time + half a
    second) that nine in ten measurements lay between.
    """

    engine: str
    start_s: float = Field(ge=0)
    row_s: float = Field(ge=0)
    byte_s: float = Field(ge=0)
    disk_passes: float = Field(ge=0)            # how often the table's bytes go over the disk
    overlap: float = Field(1.0, ge=1)
    growth: float = Field(0.0, ge=-0.5, le=1)
    low: float = Field(gt=0, le=1)
    high: float = Field(ge=1)


class FitScore(Section):
    """How well ALTERs were told by a fit that had not seen their tables."""

    measured: int = Field(ge=1)                 # ALTERs in all
    held_out: int = Field(ge=1)                 # ALTERs that it was scored on, each held out of its own fit
    coverage: float = Field(ge=0, le=1)         # share of these within the interval, meant to be 0.9
    median_error: float = Field(ge=0)           # of the expected time, as a fraction


class DiskSpeed(Section):
    """Bytes a second of large writes: what the site's disks do. A system whose disk is known has all three alike."""

    low_bytes_per_s: float = Field(30e6, gt=0)
    expected_bytes_per_s: float = Field(120e6, gt=0)
    high_bytes_per_s: float = Field(1e9, gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> DiskSpeed:
        if not self.low_bytes_per_s <= self.expected_bytes_per_s <= self.high_bytes_per_s:
            raise ValueError("low, expected and high are told in another order; write the slowest disk first")
        return self

    @property
    def known(self) -> bool:
        return self.low_bytes_per_s == self.high_bytes_per_s


class Fit(Section):
    """Fits by engine, the disks that they are asked for, and the score that the estimate states."""

    engines: tuple[RebuildFit, ...] = Field(min_length=1)
    score: FitScore
    disk: DiskSpeed = DiskSpeed()

    def of(self, engine: str | None) -> RebuildFit | None:
        wanted = (engine or "").lower()
        return next((fit for fit in self.engines if fit.engine.lower() == wanted), None)
