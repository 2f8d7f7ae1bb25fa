"""One system judged: every check that applies gets the facts that it asks for, and whatever it says becomes findings.

Nothing passes in silence: a fact that could not be told is an ``unknown`` of each check that needs it, a check that
raises is an ``unknown`` that names the exception, a check that does not apply is ``skipped`` with the reason, and a
check that finds nothing is a ``pass`` with an empty summary. An unknown is as blocking as its check.

On an occasion on which a check's findings are only told (``Check.only_told``) its problem is a notice, and what it
could not tell is ``skipped``: its worst would not stand in the way either.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from tasks.checks import CONTEXT, all_checks
from tasks.model.answer import Contact, ContactState, Recording
from tasks.model.check import Check, Yielded
from tasks.model.fact import Known, Unknown
from tasks.model.facts import Edition, EvaluatedAt, Platform
from tasks.model.finding import CannotTell, Finding, Notice, Outcome, Problem, Remediation, Severity, Waiver
from tasks.model.fleet import System
from tasks.model.judged import Judged
from tasks.model.occasion import Occasion
from tasks.model.profile import Profile
from tasks.model.release import Hop, Release
from tasks.model.system_facts import VisitedDuring
from tasks.rules.applies import why_not
from tasks.rules.verdict import verdict_of
from tasks.rules.waivers import with_waivers

WHOLE = "system"                # the subject of a finding that is about nothing smaller
NOT_CHECKED = "We could not check this part of your system yet. We will look again before the upgrade."


def judge(
    system: System,
    profile: Profile,
    recording: Recording,
    known: Known,
    target: Release,
    at: datetime,
    checks: Iterable[Check] | None = None,
    case_waivers: tuple[Waiver, ...] = (),
    occasion: Occasion = Occasion.PLANNING,
) -> Judged:
    """Judge what is ``known`` of a system for an upgrade to ``target``, as of ``at``; the same in gives the same out.

    ``profile`` is the system's own, overrides applied. Findings are ordered by check id and subject. Where the system
    was not reached, only the checks that need no fact of it speak. Raises ValueError for an ``at`` without a zone.
    """
    if at.tzinfo is None:
        raise ValueError("the moment of judging needs a zone")
    chosen = tuple(all_checks() if checks is None else checks)
    contact = recording.contact
    reached = contact.state is ContactState.REACHED
    platform = known.get(Platform)
    hop = Hop(platform.release, target) if reached and isinstance(platform, Platform) else None
    given: dict[type, Any] = {
        System: system,
        Profile: profile,
        Contact: contact,
        EvaluatedAt: EvaluatedAt(at),
        VisitedDuring: VisitedDuring(
            recording.started_at, recording.started_at + timedelta(seconds=recording.elapsed_s)
        ),
        Hop: hop or platform,
    }
    found: list[Finding] = []
    for check in chosen:
        if not reached and any(of not in CONTEXT for _, of in check.needs):
            found.append(_skipped(check, f"the system was not reached ({contact.state.replace('_', ' ')})"))
        else:
            said = findings_of(check, given, known, edition_of(system, platform), target)
            found += (_told(one) for one in said) if occasion in check.only_told else said
    today = at.astimezone(system.zone).date()
    waived, remarks = with_waivers(_in_order(found), system.waivers, case_waivers, today, chosen)
    return Judged(
        system=system,
        contact=contact,
        known=known,
        findings=waived,
        verdict=verdict_of(contact, waived, there=hop is not None and hop.source == hop.target),
        hop=hop,
        remarks=remarks,
    )


def findings_of(
    check: Check, given: Mapping[type, Any], known: Known, edition: Edition, target: Release
) -> tuple[Finding, ...]:
    """What one check says of a system that was reached: at least one finding, one for each subject."""
    reason = why_not(check, given[Profile], given[Hop], edition, target)
    if isinstance(reason, Unknown):
        return (_unknown(check, reason.fact, reason.reason),)
    if reason is not None:
        return (_skipped(check, reason),)
    values = {name: given[of] if of in given else known.get(of) for name, of in check.needs}
    missing = {
        value.fact: value
        for name, value in values.items()
        if isinstance(value, Unknown) and name not in check.tolerates
    }
    if missing:
        return tuple(_unknown(check, value.fact, f"{value.fact}: {value.reason}") for value in missing.values())
    found: list[Finding] = []
    try:
        found += (_finding(check, said) for said in check.judge(**values))
    except Exception as error:  # a check that errs must never read as passed
        name = type(error).__name__
        found.append(_unknown(check, name, f"the check failed with {name}; report this as a defect"))
    return _one_per_subject(found) or (_passed(check),)


def edition_of(system: System, platform: Platform | Unknown) -> Edition:
    """What the system tells of its edition goes before what the fleet file says."""
    told = platform.edition if isinstance(platform, Platform) else None
    return told or system.edition


def _finding(check: Check, said: Yielded) -> Finding:
    match said:
        case Problem():
            return Finding(
                check_id=check.id,
                check_version=check.version,
                subject=said.subject,
                outcome=Outcome.FAIL,
                severity=check.severity if said.severity is None else said.severity,
                blocking=check.blocking if said.blocking is None else said.blocking,
                summary=_with_confidence(said),
                client_text=said.client_text or check.client_text,
                measured=said.measured,
                threshold=said.threshold,
                remediations=said.remediations,
                confidence=said.confidence,
            )
        case Notice():
            return _passed(check).model_copy(update={
                "subject": said.subject, "summary": _with_confidence(said), "measured": said.measured,
                "threshold": said.threshold, "confidence": said.confidence,
            })
        case CannotTell():
            return _unknown(check, said.subject, said.summary)
    raise TypeError(f"a check yields Problem, Notice or CannotTell, not {type(said).__name__}")


def _with_confidence(said: Problem | Notice) -> str:
    """Wherever a summary is read, a guess reads as one."""
    return f"{said.summary} ({said.confidence})" if said.confidence else said.summary


def _told(finding: Finding) -> Finding:
    """The same as a notice: no severity, no remedy, nothing for a plan."""
    outcome = {Outcome.FAIL: Outcome.PASS, Outcome.UNKNOWN: Outcome.SKIPPED}.get(finding.outcome)
    if outcome is None:
        return finding
    return finding.model_copy(update={
        "outcome": outcome, "severity": Severity.INFO, "blocking": False, "client_text": "", "remediations": (),
        "summary": f"{finding.summary} (told only, so shortly before the upgrade)",
    })


def _passed(check: Check) -> Finding:
    return Finding(
        check_id=check.id, check_version=check.version, subject=WHOLE, outcome=Outcome.PASS, severity=Severity.INFO,
        blocking=False, summary="",
    )


def _skipped(check: Check, reason: str) -> Finding:
    return _passed(check).model_copy(update={"outcome": Outcome.SKIPPED, "summary": reason})


def _unknown(check: Check, subject: str, reason: str) -> Finding:
    return Finding(
        check_id=check.id, check_version=check.version, subject=subject, outcome=Outcome.UNKNOWN,
        severity=check.severity, blocking=check.blocking, summary=reason, client_text=NOT_CHECKED,
    )


_WORST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)


def _one_per_subject(found: list[Finding]) -> tuple[Finding, ...]:
    """Several findings on one subject become one: the worst, with what the others say added."""
    ordered = sorted(found, key=lambda one: (one.subject, _WORST.index(one.outcome), -one.severity, not one.blocking))
    return tuple(_merged(list(group)) for _, group in groupby(ordered, key=lambda one: one.subject))


def _merged(found: list[Finding]) -> Finding:
    worst = found[0]
    remediations: dict[str, Remediation] = {step.id: step for one in found for step in one.remediations}
    return worst.model_copy(update={
        "severity": max(one.severity for one in found),
        "blocking": any(one.blocking for one in found),
        "summary": "; ".join(dict.fromkeys(one.summary for one in found)),
        "remediations": tuple(remediations.values()),
    })


def _in_order(found: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda one: (one.check_id, one.subject)))
