"""The charts of a fleet report. Each takes the frames and gives a Chart, or None where there is nothing to draw."""
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reports.charts_calls import calls
from reports.charts_sizes import cdr_sizes, disk_use
from reports.drawing import PAPER, Chart, Entry, Figures, bar_rows, drawing, lead, plain_axes, svg_of
from reports.figures import plural, short_count
from reports.text import shortened
from reports.words import SEVERITY_COLOURS, VERDICTS, check_title
from tasks.model.finding import Outcome, Verdict
from tasks.model.release import Release

__all__ = ["calls", "cdr_sizes", "disk_use", "findings_by_check", "fleet_charts", "readiness", "systems_by_check"]

NOT_TOLD, OTHERS, _ALL = "not told", "others", "All systems"
_MOST_CHECKS = 12
_MOST_RELEASES = 8


def fleet_charts(systems: pd.DataFrame, findings: pd.DataFrame) -> tuple[Chart, ...]:
    drawn = (readiness(systems), findings_by_check(findings), cdr_sizes(systems), disk_use(systems), calls(systems))
    return tuple(chart for chart in drawn if chart)


def readiness(systems: pd.DataFrame) -> Chart | None:
    """Verdicts by the release that runs now, the whole fleet on top."""
    if systems.empty:
        return None
    table = _verdicts_by_release(systems)
    shares = table.div(table.sum(axis=1), axis=0) * 100
    with drawing(552, 70 + 32 * len(table)) as figure:
        axes = figure.subplots()
        left = np.zeros(len(table))
        for verdict, words in VERDICTS.items():
            width = shares[verdict.value].to_numpy()
            bars = axes.barh(range(len(table)), width, left=left, color=words.colour, height=0.66, label=words.label,
                             edgecolor=PAPER, linewidth=1)
            lead(bars.patches, [_rows_of(name, verdict=verdict.value) for name in table.index])
            labels = [short_count(n) if w >= 5 else "" for n, w in zip(table[verdict.value], width, strict=True)]
            axes.bar_label(bars, labels, label_type="center", color=PAPER, fontsize=11.5)
            left += width
        bar_rows(axes, [f"{name}  ({total:,})" for name, total in table.sum(axis=1).items()])
        axes.set_xlim(0, 100)
        plain_axes(axes)
        figure.legend(loc="outside lower center", ncols=5, fontsize=11.5, handlelength=0.9, handletextpad=0.4,
                      columnspacing=1)
        ready = int(table[Verdict.READY.value].iloc[0])
        said = f"{short_count(ready)} of {plural(len(systems), 'system')} can be upgraded as they are."
        title = "Readiness by running release"
        svg = svg_of(figure, "readiness", title, said)
        return Chart("readiness", title, said, svg, _readiness_figures(table))


def findings_by_check(findings: pd.DataFrame) -> Chart | None:
    """How many systems each check stands in the way of, by severity; what could not be told is hatched."""
    table = systems_by_check(findings)
    if table.empty:
        return None
    shown = table.head(_MOST_CHECKS)
    with drawing(552, 64 + 30 * len(shown)) as figure:
        axes = figure.subplots()
        left = np.zeros(len(shown))
        for severity, colour in SEVERITY_COLOURS.items():
            width = shown[severity].to_numpy()
            bars = axes.barh(range(len(shown)), width, left=left, color=colour, height=0.64, edgecolor=PAPER,
                             linewidth=1, hatch="////" if severity == "unknown" else None, label=_severity(severity))
            lead(bars.patches, [{"check": str(name), "outcome": _outcome(severity)} for name in shown.index])
            left += width
        for row, total in enumerate(left):
            axes.annotate(f"{total:,.0f}", (total, row), (5, 0), textcoords="offset points", va="center", fontsize=11.5)
        bar_rows(axes, [shortened(check_title(str(name)), 30) for name in shown.index])
        axes.set_xlim(0, left.max() * 1.1)
        plain_axes(axes)
        figure.legend(loc="outside lower center", ncols=4, fontsize=11.5, handlelength=1.4, columnspacing=1.2)
        first = check_title(str(table.index[0]))
        more = f" Another {plural(len(table) - len(shown), 'check')} found less." if len(table) > len(shown) else ""
        said = f"Most frequent: {first}, on {plural(int(table.sum(axis=1).iloc[0]), 'system')}.{more}"
        title = "What stands in the way"
        svg = svg_of(figure, "by-check", title, said)
        return Chart("by-check", title, said, svg, _check_figures(table))


def systems_by_check(findings: pd.DataFrame) -> pd.DataFrame:
    """Systems by check (rows, most frequent first) and severity or ``unknown`` (columns): open findings only.

    A system counts once a check, with its worst finding.
    """
    standing = findings[findings["outcome"].isin([Outcome.FAIL.value, Outcome.UNKNOWN.value])
                        & findings["waiver_owner"].isna()]
    rank = {name: place for place, name in enumerate(SEVERITY_COLOURS)}
    kind = standing["severity"].where(standing["outcome"] == Outcome.FAIL.value, "unknown").replace("info", "low")
    one_each = (
        standing.assign(kind=kind, rank=kind.map(rank))
        .sort_values(["rank", "system_id"], kind="stable")
        .drop_duplicates(["system_id", "check_id"])
    )
    table = one_each.groupby(["check_id", "kind"]).size().unstack(fill_value=0)
    table = table.reindex(columns=list(SEVERITY_COLOURS), fill_value=0).astype(int)
    totals = table.sum(axis=1).to_dict()
    order = sorted(table.index, key=lambda check: (-totals[check], str(check)))
    return table.loc[order]


def _verdicts_by_release(systems: pd.DataFrame) -> pd.DataFrame:
    release = systems["source_release"].fillna(NOT_TOLD).astype(str)
    frequent = set(release.value_counts().sort_index(kind="stable").nlargest(_MOST_RELEASES, keep="first").index)
    release = release.where(release.isin(frequent), OTHERS)
    table = pd.crosstab(release, systems["verdict"].astype(str))
    table = table.reindex(columns=[verdict.value for verdict in VERDICTS], fill_value=0)
    table = table.loc[sorted(table.index, key=_release_order)]
    whole = pd.DataFrame([table.sum()], index=[_ALL])
    return whole if len(table) == 0 else pd.concat([whole, table])


def _release_order(name: Any) -> tuple[int, tuple[int, ...]]:
    try:
        return 0, Release.parse(str(name)).numbers
    except ValueError:
        return (1, ()) if name == OTHERS else (2, ())


def _readiness_figures(table: pd.DataFrame) -> Figures:
    rows = []
    for name, counts in table.iterrows():
        cells = [Entry(str(name)), Entry(f"{int(counts.sum()):,}", _rows_of(name))]
        cells += [Entry(f"{int(counts[verdict.value]):,}", _rows_of(name, verdict=verdict.value))
                  for verdict in VERDICTS]
        rows.append(tuple(cells))
    return Figures(("Release", "Systems", *(words.label for words in VERDICTS.values())), tuple(rows))


def _check_figures(table: pd.DataFrame) -> Figures:
    rows = []
    for name, counts in table.iterrows():
        check = {"check": str(name)}
        cells = [Entry(check_title(str(name))), Entry(f"{int(counts.sum()):,}", check)]
        cells += [Entry(f"{int(counts[severity]):,}", check | {"outcome": _outcome(severity)})
                  for severity in SEVERITY_COLOURS]
        rows.append(tuple(cells))
    return Figures(("Check", "Systems", *(_severity(name) for name in SEVERITY_COLOURS)), tuple(rows))


def _rows_of(name: Any, **verdict: str) -> dict[str, str]:
    """The rows behind a number of the table of releases; those of several releases together have no filter."""
    if name == OTHERS:
        return {}
    return {"verdict": "", **verdict} if name == _ALL else {"release": str(name)} | verdict


def _severity(name: str) -> str:
    return "Could not tell" if name == "unknown" else name.capitalize()


def _outcome(severity: str) -> str:
    return "unknown" if severity == "unknown" else f"fail-{severity}"
