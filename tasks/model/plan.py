"""What is to be done to a system and what stands in the way of it: the thing that a client agrees to."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator

from tasks.model.finding import Finding, Kind, Outcome, Severity, Verdict
from tasks.model.release import Release


class Agreed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlanItem(Agreed):
    """A failing or unknown finding, without its measured values: those change nightly and lapse nothing."""

    check_id: str
    subject: str
    outcome: Outcome
    severity: Severity
    blocking: bool
    remediation_ids: tuple[str, ...] = ()

    @field_serializer("severity")
    def _severity_name(self, severity: Severity) -> str:
        return severity.label

    @field_validator("severity", mode="before")
    @classmethod
    def _severity_of_name(cls, value: object) -> object:
        return Severity[value.upper()] if isinstance(value, str) else value

    def covers(self, now: PlanItem) -> bool:
        """Whether agreeing to this item also agrees to ``now``: the same thing, no worse, with nothing more to do.

        Unknown and failed are two outcomes, and neither covers the other: the client has not seen it.
        """
        return (
            (self.check_id, self.subject, self.outcome) == (now.check_id, now.subject, now.outcome)
            and now.severity <= self.severity
            and now.blocking <= self.blocking
            and set(now.remediation_ids) <= set(self.remediation_ids)
        )


class Action(Agreed):
    """A remediation that an open finding asks for. ``id`` is the remediation's."""

    id: str
    check_id: str
    subject: str
    kind: Kind
    needs_approval: bool


class Plan(Agreed):
    """The plan of one case at one inspection. ``estimate_s`` is how long the upgrade takes; it is not agreed to."""

    system_id: str
    target: Release
    profile_digest: str
    items: tuple[PlanItem, ...] = ()
    actions: tuple[Action, ...] = ()
    verdict: Verdict
    estimate_s: float = Field(gt=0)

    @property
    def digest(self) -> str:
        """SHA-256 over system, target, profile hash and items; ``tasks.rules.digest`` gives findings the same one."""
        items: list[dict[str, object]] = [
            {
                "check_id": i.check_id, "subject": i.subject, "outcome": i.outcome.value,
                "severity": i.severity.label, "blocking": i.blocking, "remediations": sorted(i.remediation_ids),
            }
            for i in self.items
        ]
        plain = {
            "system": self.system_id, "target": str(self.target), "profile": self.profile_digest,
            "findings": sorted(items, key=canonical),
        }
        return hashlib.sha256(canonical(plain)).hexdigest()

    def covers(self, now: Plan) -> bool:
        """Whether agreeing to this plan agrees to ``now``. A vanished finding is no matter, a new or worse one is.

        So is one that was waived here and is not any more: the client was not asked what is to be done about it.
        """
        asked = {(action.id, action.check_id, action.subject) for action in self.actions}
        return (
            self.system_id == now.system_id
            and self.target == now.target
            and self.profile_digest == now.profile_digest
            and all(any(mine.covers(item) for mine in self.items) for item in now.items)
            and asked >= {(a.id, a.check_id, a.subject) for a in now.actions if a.needs_approval}
        )


def plan_of(
    system_id: str, target: Release, profile_digest: str, findings: Iterable[Finding], *,
    verdict: Verdict, estimate_s: float,
) -> Plan:
    """The plan that these findings make. Waived findings stay in the digest and ask for no action."""
    standing = [finding for finding in findings if finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]
    items = tuple(
        PlanItem(
            check_id=f.check_id, subject=f.subject, outcome=f.outcome, severity=f.severity, blocking=f.blocking,
            remediation_ids=tuple(sorted(r.id for r in f.remediations)),
        )
        for f in standing
    )
    actions = tuple(
        Action(id=r.id, check_id=f.check_id, subject=f.subject, kind=r.kind, needs_approval=r.needs_approval)
        for f in standing
        if f.open
        for r in f.remediations
    )
    return Plan(
        system_id=system_id, target=target, profile_digest=profile_digest, items=items, actions=actions,
        verdict=verdict, estimate_s=estimate_s,
    )


def canonical(value: object) -> bytes:
    """One spelling of JSON data: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
