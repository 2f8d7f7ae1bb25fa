"""What a client approves, as one number, and when that approval no longer holds.

The digest covers the system, the target, the profile and what stands in the way; not what was measured, because tables
of calls grow every night. A finding that vanished does not lapse an approval; a new or a worse one does.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from tasks.model.finding import Finding, Outcome
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.release import Release

Key = tuple[str, str]           # check id and subject


def plan_digest(system: System, target: Release, profile: Profile, findings: Iterable[Finding]) -> str:
    """SHA-256 (64 hex digits) over canonical JSON; the order of the findings does not matter.

    Per failing or unknown finding, waived ones included: check, subject, outcome, severity, blocking, remediations.
    """
    standing = sorted((_plain(one) for one in _standing(findings)), key=_canonical)
    plan = {"system": system.id, "target": str(target), "profile": profile.digest, "findings": standing}
    return hashlib.sha256(_canonical(plan).encode()).hexdigest()


def lapses(approved: Iterable[Finding], now: Iterable[Finding]) -> list[str]:
    """Why an approval of the findings ``approved`` does not cover those of ``now``; empty where it does.

    New or worse counts: another subject, a higher severity, blocking where it was not, failing where it was unknown or
    the other way round, a remediation that was not agreed. One sentence each, in the order of check and subject.
    """
    before: dict[Key, Finding] = {(one.check_id, one.subject): one for one in _standing(approved)}
    return [
        f"{one.check_id} ({one.subject}) {reason}"
        for one in sorted(_standing(now), key=lambda one: (one.check_id, one.subject))
        for reason in _worse(before.get((one.check_id, one.subject)), one)
    ]


def _worse(before: Finding | None, now: Finding) -> list[str]:
    if before is None:
        return ["is new"]
    reasons = []
    if now.outcome is not before.outcome:
        reasons.append(f"is now {now.outcome}, was {before.outcome}")
    if now.severity > before.severity:
        reasons.append(f"is now {now.severity.label}, was {before.severity.label}")
    if now.blocking and not before.blocking:
        reasons.append("is now blocking")
    added = sorted({step.id for step in now.remediations} - {step.id for step in before.remediations})
    if added:
        reasons.append(f"now needs {', '.join(added)}")
    return reasons


def _standing(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "check_id": finding.check_id,
        "subject": finding.subject,
        "outcome": finding.outcome.value,
        "severity": finding.severity.label,
        "blocking": finding.blocking,
        "remediations": sorted(step.id for step in finding.remediations),
    }


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
