"""What a report has to know of a sweep besides its frames."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tasks.model.check import Check


@dataclass(frozen=True, slots=True)
class CheckText:
    """The words of a check: why it asks (``reason``), what to do (``remedy``), and the same for a client."""

    check_id: str
    reason: str
    remedy: str
    client_text: str = ""

    @classmethod
    def of(cls, check: Check) -> CheckText:
        return cls(check.id, check.reason, check.remedy, check.client_text)


@dataclass(frozen=True, slots=True)
class SweepMeta:
    """``excluded`` are systems of the fleet file that were left out, as (system id, reason).

    ``left_out`` are the questions that were not asked of anyone on the operator's word, a sentence each;
    ``timezone`` is the zone in which the report writes its times. Raises ValueError for a start without a zone.
    """

    sweep_id: str
    target: str
    started_at: datetime
    elapsed_s: float
    excluded: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    checks: tuple[CheckText, ...] = ()
    timezone: str = "UTC"
    uplift_version: str = ""

    def __post_init__(self) -> None:
        if self.started_at.utcoffset() is None:
            raise ValueError("started_at needs a zone, or a reader cannot tell when the sweep was")
