"""What a check found. The field names are a contract with reports, cases and other programs."""
from __future__ import annotations

from datetime import date
from enum import IntEnum, StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105  (an outcome, not a password)
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Severity(IntEnum):
    """Ordered; written as its lower-case name."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Confidence(StrEnum):
    """How sure a finding is, where it does not simply state what was read. None on a finding: it does."""

    LIKELY = "likely"       # inferred from what is documented or was often seen
    GUESS = "guess"         # nothing is known; somebody has to look


class Verdict(StrEnum):
    """One word for a system. They sum to the number of systems."""

    READY = "ready"
    ACTIONS_NEEDED = "actions_needed"
    BLOCKED = "blocked"
    UNDETERMINED = "undetermined"
    UNREACHABLE = "unreachable"


class Kind(StrEnum):
    """Who carries a remediation out."""

    CLIENT = "client"
    ENGINEER = "engineer"
    COMMAND = "command"


class Quantity(Frozen):
    """A number with its unit (bytes, rows, s, %, …), written as people read it: 3.2 GB, 3,000,000 rows, 49 s."""

    value: float | int
    unit: str

    def __str__(self) -> str:
        value, unit = self.value, self.unit
        if value == 1 and len(unit) > 2:
            unit = unit.removesuffix("s")
        if unit == "bytes" and abs(value) >= 1000:
            for larger in ("kB", "MB", "GB", "TB"):
                value, unit = value / 1000, larger
                if abs(value) < 999.95:
                    break
            return f"{value:.1f} {unit}"
        return f"{value:,} {unit}" if isinstance(value, int) else f"{value:,.3g} {unit}" if abs(value) < 100 else (
            f"{value:,.0f} {unit}"
        )


class Remediation(Frozen):
    id: str
    kind: Kind
    text: str
    reversible: bool
    downtime_s: int = 0
    needs_approval: bool = True


class WaiverSource(StrEnum):
    STANDING = "standing"   # written in the fleet file
    CASE = "case"           # recorded for one case


class Waiver(Frozen):
    check_id: str
    subject: str | None = None      # None waives every subject of the check
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    expires_on: date                # the last day on which it counts, in the system's own zone
    source: WaiverSource = WaiverSource.STANDING


class Problem(Frozen):
    """What a check yields for something that stands in the way; severity and blocking default to the check's own."""

    subject: str
    summary: str
    client_text: str = ""           # the check's own plain words when empty
    measured: Quantity | None = None
    threshold: Quantity | None = None
    remediations: tuple[Remediation, ...] = ()
    severity: Severity | None = None
    blocking: bool | None = None
    confidence: Confidence | None = None


class Notice(Frozen):
    """What a check yields for something worth knowing that stands in nobody's way (outcome pass, severity info)."""

    subject: str
    summary: str
    measured: Quantity | None = None
    threshold: Quantity | None = None
    confidence: Confidence | None = None


class CannotTell(Frozen):
    """What a check yields where its facts do not suffice to decide; it counts as unknown."""

    subject: str
    summary: str


class Finding(Frozen):
    check_id: str
    check_version: int
    subject: str
    outcome: Outcome
    severity: Severity
    blocking: bool
    summary: str
    client_text: str = ""
    measured: Quantity | None = None
    threshold: Quantity | None = None
    remediations: tuple[Remediation, ...] = ()
    waiver: Waiver | None = None
    confidence: Confidence | None = None

    @field_serializer("severity")
    def _severity_name(self, severity: Severity) -> str:
        return severity.label

    @field_validator("severity", mode="before")
    @classmethod
    def _severity_of_name(cls, value: object) -> object:
        return Severity[value.upper()] if isinstance(value, str) else value

    @property
    def open(self) -> bool:
        """Whether it still stands in the way: failed or unknown, and not waived."""
        return self.outcome in (Outcome.FAIL, Outcome.UNKNOWN) and self.waiver is None
