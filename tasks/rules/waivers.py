"""Findings that somebody answers for: standing waivers of the fleet file, and those of one case.

A waiver counts up to and including its last day, in the system's own zone. It never covers what a system *is*
(reachable, host_key): nobody can answer for another machine. A waiver of a whole check covers what failed; what could
not be told is only covered by one that names the subject, because nobody can accept what they have not seen.
A waiver that does not count says so: in the finding's summary where it met one, and in the remarks.
"""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tasks.model.check import Check
from tasks.model.finding import Finding, Outcome, Waiver, WaiverSource


def with_waivers(
    findings: Iterable[Finding],
    standing: tuple[Waiver, ...],
    of_case: tuple[Waiver, ...],
    today: date,
    checks: Iterable[Check],
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings with their waivers, and remarks on waivers that do not count. A case's waiver goes before."""
    waivable = {check.id: check.waivable for check in checks}
    waivers = (*_from(of_case, WaiverSource.CASE), *_from(standing, WaiverSource.STANDING))
    counting = tuple(one for one in waivers if waivable.get(one.check_id) and one.expires_on >= today)
    expired = tuple(one for one in waivers if waivable.get(one.check_id) and one.expires_on < today)
    remarks = [f"{_told(one)}: {_why(one, waivable)}" for one in waivers if one not in counting]
    return tuple(_waived(finding, counting, expired) for finding in findings), tuple(dict.fromkeys(remarks))


def covers(waiver: Waiver, finding: Finding) -> bool:
    """Whether the waiver is about this finding, its expiry left aside."""
    if waiver.check_id != finding.check_id:
        return False
    if waiver.subject is None:
        return finding.outcome is Outcome.FAIL
    return waiver.subject == finding.subject and finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN)


def _waived(finding: Finding, counting: tuple[Waiver, ...], expired: tuple[Waiver, ...]) -> Finding:
    if waiver := next((one for one in counting if covers(one, finding)), None):
        return finding.model_copy(update={"waiver": waiver})
    if lapsed := next((one for one in expired if covers(one, finding)), None):
        said = f"{finding.summary} (the waiver of {lapsed.owner} expired on {lapsed.expires_on})"
        return finding.model_copy(update={"summary": said})
    return finding


def _from(waivers: tuple[Waiver, ...], source: WaiverSource) -> tuple[Waiver, ...]:
    """Where a waiver came from is told by where it was found, not by what it says of itself."""
    return tuple(one.model_copy(update={"source": source}) for one in waivers)


def _told(waiver: Waiver) -> str:
    subject = f" ({waiver.subject})" if waiver.subject else ""
    return f"the {waiver.source} waiver of {waiver.check_id}{subject} by {waiver.owner} does not count"


def _why(waiver: Waiver, waivable: dict[str, bool]) -> str:
    if waiver.check_id not in waivable:
        return "no check of this name was run; see `uplift checks list`"
    if not waivable[waiver.check_id]:
        return "nobody can answer for who a system is"
    return f"it expired on {waiver.expires_on}"
