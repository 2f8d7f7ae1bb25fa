"""What changed since a system was last swept."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tasks.model.finding import Verdict


class Turned(StrEnum):
    """What became of a system's verdict."""

    READY = "ready"             # it was not, and is now
    BLOCKED = "blocked"         # it was not, and is now
    LOST = "unreachable"        # it was inspected, and could not be now
    BACK = "reached_again"
    CHANGED = "changed"         # between the others
    SAME = "same"
    FIRST = "first_seen"        # no earlier sweep holds it
    LEFT_OUT = "not_swept"      # an earlier sweep holds it, the newest does not


@dataclass(frozen=True)
class Unusable:
    """A folder that tells nothing, and why, in half a sentence."""

    folder: str
    reason: str


@dataclass(frozen=True)
class SystemTrend:
    """One system. Findings are ``check`` or ``check: subject``; what was not told in both sweeps is None.

    ``disk_*`` is the file system on which the upgrade needs room; ``until_full_days`` is None where it does not fill up
    within ten years, or where no rate is known: ``rate_basis`` is empty then.
    """

    id: str
    client: str
    turned: Turned
    verdict: Verdict | None
    verdict_before: Verdict | None = None
    before_at: datetime | None = None
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    cdr_rows: int | None = None
    cdr_bytes: int | None = None
    cdr_bytes_more: int | None = None
    cdr_bytes_per_day: float | None = None
    disk_path: str | None = None
    disk_free_bytes: int | None = None
    disk_bytes_per_day: float | None = None
    until_full_days: float | None = None
    rate_basis: str = ""

    @property
    def changed(self) -> bool:
        return self.turned is not Turned.SAME or bool(self.new or self.gone or self.worse)


@dataclass(frozen=True)
class FleetTrend:
    """``remarks`` are whole sentences: what could not be compared, and what is old."""

    sweep_id: str
    target: str
    started_at: datetime
    compared_with: tuple[str, ...]              # ids of the earlier sweeps, newest first
    systems: tuple[SystemTrend, ...]
    remarks: tuple[str, ...] = field(default=())

    def count(self, turned: Turned) -> int:
        return sum(system.turned is turned for system in self.systems)
