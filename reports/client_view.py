"""What a client is told of a case, in plain words: mails, tickets and the client's page show this and nothing else.

Everything here is plain text on one line without control characters; whoever writes HTML escapes it.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reports.plain_words import PlainWords, plain_words
from reports.text import one_line, shortened
from tasks.model.case import Approval, Case
from tasks.model.finding import Finding, Kind, Outcome, Remediation, Verdict, WaiverSource
from tasks.model.fleet import System
from tasks.model.plan import Plan

MOST_SUBJECTS, LONGEST_SUBJECT = 5, 60
# Checks whose subjects a client knows by name: lines, telephones, files made for them. Other subjects are jargon.
NAMED = frozenset({
    "certificate_expiry", "codec_not_available", "custom_breaks", "custom_files", "custom_lost",
    "custom_not_executable", "custom_overwritten", "foreign_module", "foreign_tables", "g729_transcoding",
    "jobs_in_the_night", "orphaned_cron", "trunk_down", "unreachable_extensions",
})


class Situation(StrEnum):
    """What a notice is about."""

    READY = "ready"
    ACTIONS_NEEDED = "actions_needed"
    BLOCKED = "blocked"
    UNDETERMINED = "undetermined"
    UNREACHABLE = "unreachable"
    DONE = "done"               # what was agreed to has been done; ``View.verdict`` says how it stands now
    WORSE = "worse"             # what was agreed to no longer covers the plan


class NextStep(StrEnum):
    """What comes next: the client decides, the client does something, we do, or an engineer gets in touch."""

    DECIDE = "decide"
    DO = "do"
    OURS = "ours"
    TALK = "talk"
    DATE = "date"
    LOOK_AGAIN = "look_again"


@dataclass(frozen=True, slots=True)
class Act:
    """One remediation, whatever number of findings it solves. ``about``: what they are, in plain words.

    ``approved`` None: not decided on this plan. ``downtime_s``: how long telephones are silent because of it.
    """

    id: str
    text: str
    kind: Kind
    about: tuple[str, ...]
    downtime_s: int
    reversible: bool
    needs_approval: bool
    approved: bool | None
    done: bool


@dataclass(frozen=True, slots=True)
class Point:
    """Findings of one check that read the same. ``subjects``: which lines, files or telephones it is about, ``more``:
    how many others; ``new``: the client has not agreed to it, although to a plan; ``acts``: ids of actions.
    """

    check_id: str
    what: str
    otherwise: str
    blocking: bool
    new: bool
    subjects: tuple[str, ...]
    more: int
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """Since the client last agreed to a plan, in plain words."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientView:
    """``done``: actions that were carried out; ``left``: what stays as it is because the client wished so.

    ``upgrade_s``: how long the upgrade takes, None before an inspection.
    """

    case_id: str
    order: str
    client: str
    system: str
    target: str
    language: str
    situation: Situation
    verdict: Verdict
    points: tuple[Point, ...]
    acts: tuple[Act, ...]
    done: tuple[str, ...]
    left: tuple[str, ...]
    changes: Changes
    upgrade_s: float | None
    next_step: NextStep

    def act(self, remediation_id: str) -> Act | None:
        return next((each for each in self.acts if each.id == remediation_id), None)

    @property
    def asked(self) -> tuple[Act, ...]:
        """The actions on which the client decides."""
        return tuple(each for each in self.acts if each.needs_approval)

    @property
    def next_words(self) -> str:
        return str(plain_words(self.language).phrases["next"][self.next_step.value])


def client_view(case: Case, findings: Iterable[Finding], system: System, *, language: str) -> ClientView:
    """``findings`` are those of the case's last inspection. An unknown language is English."""
    told, words = tuple(findings), plain_words(language)
    standing = [each for each in told if each.open]
    verdict = case.plan.verdict if case.plan else Verdict.UNDETERMINED
    word = case.approval if case.agreed else None
    acts = _acts(case, word, standing, words)
    return ClientView(
        case_id=case.id, order=one_line(case.order_ref), client=one_line(system.client), system=one_line(system.id),
        target=str(case.target), language=words.language, situation=_situation(case, verdict), verdict=verdict,
        points=_points(case, standing, words), acts=acts,
        done=tuple(one_line(words.action(name)) for name in case.remediated),
        left=_once(words.what(f) for f in told if f.waiver and f.waiver.source is WaiverSource.CASE),
        changes=_changes(case.approval.plan if case.approval else None, case.plan, told, words),
        upgrade_s=case.plan.estimate_s if case.plan else None, next_step=_next(verdict, acts, standing),
    )


def _situation(case: Case, verdict: Verdict) -> Situation:
    if case.approval is not None and not case.agreed:
        return Situation.WORSE
    return Situation.DONE if case.remediated else Situation(verdict.value)


def _next(verdict: Verdict, acts: tuple[Act, ...], standing: list[Finding]) -> NextStep:
    if any(act.needs_approval and act.approved is None for act in acts):
        return NextStep.DECIDE
    left = [act for act in acts if not act.done and act.approved is not False]
    if any(act.kind is Kind.CLIENT for act in left):
        return NextStep.DO
    if left:
        return NextStep.OURS
    if verdict in (Verdict.UNDETERMINED, Verdict.UNREACHABLE):
        return NextStep.LOOK_AGAIN
    return NextStep.TALK if standing else NextStep.DATE


def _points(case: Case, standing: list[Finding], words: PlainWords) -> tuple[Point, ...]:
    """What blocks comes first; the rest stays in the order of the findings."""
    alike: dict[tuple[object, ...], list[Finding]] = {}
    for each in standing:
        ids = tuple(step.id for step in each.remediations)
        alike.setdefault((each.check_id, words.what(each), each.outcome, each.blocking, _new(case, each), ids),
                         []).append(each)
    found = [_point(case, group, words) for group in alike.values()]
    return tuple(sorted(found, key=lambda point: not point.blocking))


def _point(case: Case, group: list[Finding], words: PlainWords) -> Point:
    first = group[0]
    named = first.check_id in NAMED and first.outcome is Outcome.FAIL
    subjects = tuple(dict.fromkeys(shortened(f.subject, LONGEST_SUBJECT) for f in group)) if named else ()
    return Point(
        check_id=first.check_id, what=one_line(words.what(first)), otherwise=one_line(words.otherwise(first)),
        blocking=first.blocking, new=_new(case, first), subjects=subjects[:MOST_SUBJECTS],
        more=max(0, len(subjects) - MOST_SUBJECTS), acts=tuple(step.id for step in first.remediations),
    )


def _new(case: Case, finding: Finding) -> bool:
    if case.approval is None or case.plan is None:
        return False
    now = [i for i in case.plan.items if (i.check_id, i.subject) == (finding.check_id, finding.subject)]
    return any(not any(before.covers(item) for before in case.approval.plan.items) for item in now)


def _acts(case: Case, word: Approval | None, standing: list[Finding], words: PlainWords) -> tuple[Act, ...]:
    steps: dict[str, list[tuple[Remediation, Finding]]] = {}
    for finding in standing:
        for step in finding.remediations:
            steps.setdefault(step.id, []).append((step, finding))
    said = {d.remediation_id: d.approved for d in word.decisions} if word else {}
    return tuple(
        Act(
            id=name, text=one_line(words.action(name, pairs[0][0].text)), kind=pairs[0][0].kind,
            about=_once(words.what(finding) for _, finding in pairs),
            downtime_s=max(step.downtime_s for step, _ in pairs),
            reversible=all(step.reversible for step, _ in pairs),
            needs_approval=any(step.needs_approval for step, _ in pairs),
            approved=said.get(name), done=name in case.remediated,
        )
        for name, pairs in steps.items()
    )


def _changes(before: Plan | None, now: Plan | None, findings: tuple[Finding, ...], words: PlainWords) -> Changes:
    if before is None or now is None:
        return Changes()
    known = {(each.check_id, each.subject): words.what(each) for each in findings}
    new = [(i.check_id, i.subject) for i in now.items if not any(old.covers(i) for old in before.items)]
    still = {i.check_id for i in now.items}
    return Changes(
        new=_once(known.get(key) or words.of_check(key[0]) for key in new),
        gone=_once(words.of_check(item.check_id) for item in before.items if item.check_id not in still),
    )


def _once(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one_line(line) for line in lines))
