"""One system as the page shows it: its row, its facts and its findings, every number already in words."""
from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reports.figures import (
    bytes_text,
    call_time_text,
    count_text,
    date_text,
    days_text,
    duration_range,
    duration_text,
    exact_text,
    percent_text,
    plural,
    quantity_text,
    short_count,
)
from reports.text import one_line, sentence, shortened, visible
from reports.words import CONTACTS, EDITIONS, ENVIRONMENTS, KINDS, OUTCOMES, SEVERITIES, VERDICTS
from tasks.analysis.forecast import FAR_DAYS
from tasks.model.finding import Outcome, Verdict
from tasks.model.release import Release

FACTS = ("Edition", "Asterisk", "SIP drivers", "Database", "Calls from", "Calls until", "Calls a day", "Quiet hours",
         "Table of calls grows by", "Disk full of calls in", "Fullest disk", "Engineer", "Country and zone", "Tags",
         "Profile", "Login", "Waivers that did not count")


_REASON_CHARACTERS = 110       # about four lines of its column; the findings have it in full


@dataclass(frozen=True, slots=True)
class Cell:
    """``note`` stands in small type below; ``exact`` is the number in full; ``sort`` orders the column, None last."""

    text: str
    note: str = ""
    exact: str = ""
    sort: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One remediation in words: what, by whom, and at what cost."""

    text: str
    terms: str


@dataclass(frozen=True, slots=True)
class FindingView:
    check_id: str
    subject: str
    outcome: str
    severity: str
    label: str
    blocking: bool
    summary: str
    measured: str = ""
    measured_exact: str = ""
    threshold: str = ""
    threshold_exact: str = ""
    steps: tuple[Step, ...] = ()
    waiver: str = ""


@dataclass(frozen=True, slots=True)
class SystemView:
    """``cells`` are release, calls, downtime, disk and findings; ``facts`` are aligned with FACTS, "" where unknown."""

    id: str
    client: str
    verdict: Verdict
    environment: str
    cells: tuple[Cell, ...]
    reason: str
    facts: tuple[str, ...]
    findings: tuple[FindingView, ...]
    passed: str


def system_view(row: Any, findings: tuple[FindingView, ...], passed: str) -> SystemView:
    """``row`` is a named tuple of the systems' frame; ``findings`` are those worth showing."""
    return SystemView(
        id=row.id,
        client=one_line(row.client) or row.id,
        verdict=Verdict(row.verdict),
        environment=ENVIRONMENTS.get(row.environment, row.environment),
        cells=(_release(row), _calls(row), _downtime(row), _disk(row), _found(row)),
        reason=shortened(row.top_reason, _REASON_CHARACTERS),
        facts=_facts(row),
        findings=findings,
        passed=passed,
    )


def finding_view(row: Any) -> FindingView:
    outcome = row.outcome
    return FindingView(
        check_id=row.check_id,
        subject=one_line(row.subject),
        outcome=outcome,
        severity=row.severity,
        label=SEVERITIES[row.severity] if outcome == Outcome.FAIL.value else OUTCOMES[outcome],
        blocking=bool(row.blocking) and outcome != Outcome.PASS.value,
        summary=visible(row.summary),
        measured=one_line(quantity_text(_known(row.measured_value), _known(row.measured_unit))),
        measured_exact=one_line(exact_text(_known(row.measured_value), _known(row.measured_unit))),
        threshold=one_line(quantity_text(_known(row.threshold_value), _known(row.threshold_unit))),
        threshold_exact=one_line(exact_text(_known(row.threshold_value), _known(row.threshold_unit))),
        steps=_steps(row.remediations),
        waiver=_waiver(row),
    )


def passed_text(outcomes: dict[str, int]) -> str:
    """24 checks passed, 2 did not apply."""
    passed, skipped = outcomes.get(Outcome.PASS.value, 0), outcomes.get(Outcome.SKIPPED.value, 0)
    said = f"{plural(passed, 'check')} passed" if passed else ""
    return ", ".join(filter(None, [said, f"{skipped:,} did not apply" if skipped else ""]))


def attention(view: SystemView) -> tuple[int, float, str, str]:
    """The order in which a reader wants them: what blocks first, the worst of it on top."""
    place = list(VERDICTS).index(view.verdict)
    return place, -(view.cells[4].sort or 0), view.client.casefold(), view.id


def release_sort(text: str | None) -> float | None:
    """A release as one number that sorts like it."""
    try:
        numbers = Release.parse(text or "").numbers
    except ValueError:
        return None
    return float(sum(part * 1000**place for place, part in enumerate(reversed(numbers))))


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value


def _release(row: Any) -> Cell:
    release = _known(row.source_release)
    return Cell(release or "–", ENVIRONMENTS.get(row.environment, row.environment), "", release_sort(release))


def _calls(row: Any) -> Cell:
    size, rows = _known(row.cdr_bytes), _known(row.cdr_rows)
    if size is None or rows is None:
        return Cell("–")
    exact = f"{count_text(int(size))} bytes, {plural(int(rows), 'row')}"
    return Cell(bytes_text(int(size)), f"{short_count(int(rows))} rows", exact, float(size))


def _downtime(row: Any) -> Cell:
    low, likely, high = (_known(value) for value in (row.downtime_low_s, row.downtime_expected_s, row.downtime_high_s))
    if likely is None or low is None or high is None:
        return Cell("–")
    exact = f"{likely:,.0f} s, {low:,.0f} s at best, {high:,.0f} s at worst"
    return Cell(duration_text(likely), duration_range(low, high), exact, round(float(likely), 1))


def _disk(row: Any) -> Cell:
    need, free, size = (_known(value) for value in (row.disk_need_bytes, row.disk_free_bytes, row.disk_size_bytes))
    if need is None or free is None or not size:
        return Cell("–")
    exact = f"{count_text(int(free))} bytes free on {one_line(row.disk_path)}, {count_text(int(need))} needed"
    text = f"{bytes_text(int(free))} free" if free >= need else f"{bytes_text(int(need - free))} short"
    return Cell(text, f"needs {bytes_text(int(need))}", exact, round(float((free - need) / size), 4))


def _found(row: Any) -> Cell:
    words = {"high": "high", "medium": "medium", "unknown": "unclear", "low": "low", "waived": "waived"}
    parts = [f"{getattr(row, name)} {word}" for name, word in words.items() if getattr(row, name)]
    weight = row.high * 1e6 + row.medium * 1e4 + row.unknown * 1e2 + row.low
    return Cell(parts[0] if parts else "none", " · ".join(parts[1:]), "", float(weight))


def _facts(row: Any) -> tuple[str, ...]:
    first, last, used = _known(row.cdr_first), _known(row.cdr_last), _known(row.mount_used_fraction)
    fullest = ""
    if used is not None:
        free = _known(row.mount_free_bytes)
        fullest = f"{row.mount_path}, {percent_text(used)} used"
        fullest += "" if free is None else f", {bytes_text(free)} free"
    per_day, login = _known(row.calls_per_day), CONTACTS.get(row.contact_state, row.contact_state)
    facts = (
        EDITIONS.get(row.edition, row.edition),
        _known(row.asterisk_version) or "",
        _known(row.sip_drivers) or "",
        " · ".join(filter(None, (_known(row.database_server), _known(row.cdr_engine)))),
        call_time_text(first) if first is not None else "",
        call_time_text(last) if last is not None else "",
        short_count(round(per_day)) if per_day is not None else "",
        _known(row.quiet_hours) or "",
        *_forecast(row),
        fullest,
        _known(row.engineer) or "",
        f"{row.country}, {row.timezone}",
        row.tags,
        row.profile,
        f"{login}: {row.contact_detail}" if row.contact_detail else login,
        row.remarks.replace("\n", " · "),
    )
    return tuple(one_line(fact) for fact in facts)


def _forecast(row: Any) -> tuple[str, str]:
    """Growth by the month and the time until the disk is full of it, as far as a forecast reaches."""
    per_day, days = _known(row.cdr_bytes_per_day), _known(row.disk_full_days)
    grows = "" if per_day is None else f"{bytes_text(round(per_day * 30))} a month"
    if days is None:
        return grows, ""
    return grows, days_text(days) if days < FAR_DAYS else "more than ten years"


def _steps(remediations: str) -> tuple[Step, ...]:
    return tuple(Step(sentence(visible(step["text"])), _terms(step)) for step in json.loads(remediations))


def _terms(step: dict[str, Any]) -> str:
    words = [KINDS.get(step["kind"], step["kind"]), "can be undone" if step["reversible"] else "cannot be undone"]
    words.append(f"{duration_text(step['downtime_s'])} of downtime" if step["downtime_s"] else "no downtime")
    if step["needs_approval"]:
        words.append("needs approval")
    return " · ".join(words)


def _waiver(row: Any) -> str:
    if pd.isna(row.waiver_owner):
        return ""
    until = date_text(row.waiver_expires_on)
    return one_line(f"Waived by {row.waiver_owner} until {until}: {row.waiver_reason}")
