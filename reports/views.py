"""The fleet report as frozen view models: everything that the page says, computed from the frames, before any HTML."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import pandas as pd

from reports.charts import fleet_charts, systems_by_check
from reports.drawing import Chart
from reports.figures import duration_text, moment_text, percent_text
from reports.headline import headline
from reports.meta import CheckText, SweepMeta
from reports.sections import CustomWork, Unclear, custom_work, unclear
from reports.system_view import FindingView, SystemView, attention, finding_view, passed_text, system_view
from reports.text import one_line, sentence, visible
from reports.words import VERDICTS, WAIVER_SOURCES, check_title
from reports.workbook import worth_showing
from tasks.model.finding import Outcome, Verdict

STATIC_ROWS = 500           # rows of the table that stand in the page itself; the others come from its embedded data
STATIC_DETAILS = 200        # systems whose findings are written out for print and for readers without JavaScript
STATIC_LINES = 200          # waivers and excluded systems on the page; all of them are in the workbook


@dataclass(frozen=True, slots=True)
class Tile:
    verdict: Verdict
    label: str
    sign: str
    count: int
    share: str
    meaning: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """A check that stands in the way somewhere, with the words of its page."""

    check_id: str
    title: str
    reason: str
    remedy: str
    systems: int
    unknown: int


@dataclass(frozen=True, slots=True)
class WaiverView:
    system_id: str
    client: str
    title: str
    subject: str
    summary: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class FleetView:
    """``systems`` are all of them in the order of attention; the template prints the first STATIC_ROWS."""

    title: str
    target: str
    sweep_id: str
    started: str
    started_iso: str
    elapsed: str
    version: str
    headline: str
    tiles: tuple[Tile, ...]
    checks: tuple[CheckView, ...]
    texts: dict[str, CheckText]
    charts: tuple[Chart, ...]
    systems: tuple[SystemView, ...]
    detailed: tuple[SystemView, ...]
    waivers: tuple[WaiverView, ...]
    waived: int
    excluded: tuple[tuple[str, str], ...]
    excluded_count: int
    left_out: tuple[str, ...]
    unclear: tuple[Unclear, ...]
    custom: CustomWork | None

    @property
    def static_systems(self) -> tuple[SystemView, ...]:
        return self.systems[:STATIC_ROWS]

    @property
    def not_ready(self) -> int:
        return sum(system.verdict is not Verdict.READY for system in self.systems)


def fleet_view(systems: pd.DataFrame, findings: pd.DataFrame, meta: SweepMeta) -> FleetView:
    texts = {text.check_id: replace(text, remedy=sentence(text.remedy)) for text in meta.checks}
    views = _systems(systems, findings)
    return FleetView(
        title=f"Fleet readiness for PBXware {one_line(meta.target)}",
        target=one_line(meta.target),
        sweep_id=one_line(meta.sweep_id),
        started=moment_text(meta.started_at, meta.timezone),
        started_iso=meta.started_at.isoformat(),
        elapsed=duration_text(meta.elapsed_s),
        version=one_line(meta.uplift_version),
        headline=headline({one: int((systems["verdict"] == one.value).sum()) for one in Verdict}, meta.target),
        tiles=_tiles(systems),
        checks=_checks(findings, texts),
        texts=texts,
        charts=fleet_charts(systems, findings),
        systems=views,
        detailed=views[:STATIC_DETAILS],
        waivers=_waivers(systems, findings[findings["waiver_owner"].notna()].head(STATIC_LINES)),
        waived=int(findings["waiver_owner"].notna().sum()),
        excluded=tuple((one_line(system_id), one_line(reason)) for system_id, reason in meta.excluded[:STATIC_LINES]),
        excluded_count=len(meta.excluded),
        left_out=tuple(visible(sentence) for sentence in meta.left_out),
        unclear=unclear(systems, findings),
        custom=custom_work(systems, findings),
    )


def _systems(systems: pd.DataFrame, findings: pd.DataFrame) -> tuple[SystemView, ...]:
    shown: dict[str, list[FindingView]] = defaultdict(list)
    for row in worth_showing(findings).itertuples(index=False):
        shown[str(row.system_id)].append(finding_view(row))
    quiet: dict[str, dict[str, int]] = defaultdict(dict)
    silent = findings[~findings.index.isin(worth_showing(findings).index)]
    counts = silent.groupby(["system_id", "outcome"]).size()
    for index, count in zip(counts.index, counts, strict=True):
        quiet[str(index[0])][str(index[1])] = int(count)
    views = (
        system_view(row, tuple(sorted(shown[str(row.id)], key=_urgency)), passed_text(quiet[str(row.id)]))
        for row in systems.itertuples(index=False)
    )
    return tuple(sorted(views, key=attention))


def _urgency(finding: FindingView) -> tuple[bool, int, bool, int, str, str]:
    outcome = [Outcome.FAIL.value, Outcome.UNKNOWN.value, Outcome.PASS.value].index(finding.outcome)
    severity = ["high", "medium", "low", "info"].index(finding.severity)
    return bool(finding.waiver), outcome, not finding.blocking, severity, finding.check_id, finding.subject


def _tiles(systems: pd.DataFrame) -> tuple[Tile, ...]:
    """Ready first, then what needs work: the order in which a manager counts."""
    total = len(systems)
    order = (Verdict.READY, Verdict.ACTIONS_NEEDED, Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.UNREACHABLE)
    tiles = []
    for verdict in order:
        words, count = VERDICTS[verdict], int((systems["verdict"] == verdict.value).sum())
        share = percent_text(count / total) if total else "–"
        tiles.append(Tile(verdict, words.label, words.sign, count, share, words.meaning))
    return tuple(tiles)


def _checks(findings: pd.DataFrame, texts: dict[str, CheckText]) -> tuple[CheckView, ...]:
    views = []
    for check_id, counts in systems_by_check(findings).iterrows():
        text = texts.get(str(check_id))
        views.append(CheckView(
            check_id=str(check_id),
            title=check_title(str(check_id)),
            reason=text.reason if text else "",
            remedy=text.remedy if text else "",
            systems=int(counts.sum() - counts["unknown"]),
            unknown=int(counts["unknown"]),
        ))
    return tuple(views)


def _waivers(systems: pd.DataFrame, waived: pd.DataFrame) -> tuple[WaiverView, ...]:
    client = dict(zip(systems["id"], systems["client"], strict=True))
    return tuple(
        WaiverView(
            system_id=str(row.system_id),
            client=one_line(client.get(row.system_id, "")),
            title=check_title(str(row.check_id)),
            subject=one_line(str(row.subject)),
            summary=visible(str(row.summary)),
            text=finding_view(row).waiver,
            source=WAIVER_SOURCES.get(str(row.waiver_source), str(row.waiver_source)),
        )
        for row in waived.itertuples(index=False)
    )
