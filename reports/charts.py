"""The charts of a fleet report. Each takes the frames and gives a Chart, or None where there is nothing to draw."""
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import StrMethodFormatter

from reports.drawing import INK, LINE, PAPER, SOFT, Chart, bar_rows, drawing, plain_axes, svg_of
from reports.figures import bytes_text, duration_text, plural, short_count
from reports.text import shortened
from reports.words import SEVERITY_COLOURS, VERDICTS, check_title
from tasks.model.finding import Outcome, Verdict
from tasks.model.release import Release

_TOP = 20
_MOST_CHECKS = 12
_MOST_RELEASES = 8
_ROW_PX = 25
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_BLUE, _DEEP, _ALARM = "#9fb8d1", "#1f5f99", "#b3361b"


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
            labels = [short_count(n) if w >= 5 else "" for n, w in zip(table[verdict.value], width, strict=True)]
            axes.bar_label(bars, labels, label_type="center", color=PAPER, fontsize=11.5)
            left += width
        bar_rows(axes, [f"{name}  ({total:,})" for name, total in table.sum(axis=1).items()])
        axes.set_xlim(0, 100)
        plain_axes(axes)
        figure.legend(loc="outside lower center", ncols=5, fontsize=11.5, handlelength=0.9, handletextpad=0.4,
                      columnspacing=1)
        ready = int(table[Verdict.READY.value].iloc[0])
        lead = f"{short_count(ready)} of {plural(len(systems), 'system')} can be upgraded as they are."
        return _chart(figure, "readiness", "Readiness by running release", lead)


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
            axes.barh(range(len(shown)), width, left=left, color=colour, height=0.64, edgecolor=PAPER, linewidth=1,
                      hatch="////" if severity == "unknown" else None,
                      label="Could not tell" if severity == "unknown" else severity.capitalize())
            left += width
        for row, total in enumerate(left):
            axes.annotate(f"{total:,.0f}", (total, row), (5, 0), textcoords="offset points", va="center", fontsize=11.5)
        bar_rows(axes, [shortened(check_title(str(name)), 30) for name in shown.index])
        axes.set_xlim(0, left.max() * 1.1)
        plain_axes(axes)
        figure.legend(loc="outside lower center", ncols=4, fontsize=11.5, handlelength=1.4, columnspacing=1.2)
        first = check_title(str(table.index[0]))
        more = f" Another {plural(len(table) - len(shown), 'check')} found less." if len(table) > len(shown) else ""
        lead = f"Most frequent: {first}, on {plural(int(table.sum(axis=1).iloc[0]), 'system')}.{more}"
        return _chart(figure, "by-check", "What stands in the way", lead)


def cdr_sizes(systems: pd.DataFrame) -> Chart | None:
    """The largest tables of calls, each against the time that its system's upgrade is expected to take."""
    known = systems[systems["cdr_bytes"].notna() & (systems["cdr_bytes"] > 0)]
    if known.empty:
        return None
    top = known.sort_values(["cdr_bytes", "id"], ascending=[False, True], kind="stable").head(_TOP)
    with drawing(1160, 48 + _ROW_PX * len(top)) as figure:
        sizes, times = figure.subplots(1, 2, sharey=True, width_ratios=[1, 1])
        place = range(len(top))
        values = top["cdr_bytes"].astype(float)
        sizes.barh(place, values, color=_BLUE, height=0.64)
        for row, (size, count) in enumerate(zip(top["cdr_bytes"], top["cdr_rows"], strict=True)):
            text = f"{bytes_text(int(size))} · {short_count(int(count))} rows"
            sizes.annotate(text, (float(size), row), (5, 0), textcoords="offset points", va="center", fontsize=11.5)
        sizes.set_xlim(0, values.max() * 1.5)
        bar_rows(sizes, _names(top))
        plain_axes(sizes)
        sizes.set_title("Table of calls", loc="left", fontsize=12, color=SOFT)
        _downtimes(times, top)
        largest = top.iloc[0]
        lead = f"The largest is {bytes_text(int(largest['cdr_bytes']))}, at {_name(largest)}. "
        return _chart(figure, "cdr", "The largest tables of calls, and how long their upgrade takes",
                      lead + _longest(known), wide=True)


def disk_use(systems: pd.DataFrame) -> Chart | None:
    """The systems with the least room for the upgrade: how full the disk is, and how full the upgrade makes it."""
    known = systems[systems["disk_need_bytes"].notna() & (systems["disk_size_bytes"] > 0)].copy()
    if known.empty:
        return None
    known["after"] = 1 - (known["disk_free_bytes"] - known["disk_need_bytes"]) / known["disk_size_bytes"]
    short = known[known["disk_need_bytes"] > known["disk_free_bytes"]]
    top = known.sort_values(["after", "id"], ascending=[False, True], kind="stable").head(_TOP)
    used = (1 - top["disk_free_bytes"] / top["disk_size_bytes"]).to_numpy(dtype=float) * 100
    need = (top["disk_need_bytes"] / top["disk_size_bytes"]).to_numpy(dtype=float) * 100
    edge = min(160.0, max(112.0, float((used + need).max()) * 1.02))
    with drawing(1160, 76 + _ROW_PX * len(top)) as figure:
        axes = figure.subplots()
        fits = np.minimum(need, np.maximum(0, 100 - used))
        over = np.minimum(need - fits, edge - 100)
        axes.barh(range(len(top)), used, color=_BLUE, height=0.64, label="Used now")
        axes.barh(range(len(top)), fits, left=used, color=_DEEP, height=0.64, label="Needed by the upgrade")
        axes.barh(range(len(top)), over, left=used + fits, color=_ALARM, height=0.64, hatch="////", edgecolor=PAPER,
                  label="Does not fit")
        axes.axvline(100, color=INK, linewidth=1.2)
        bar_rows(axes, _names(top))
        for row, (_, one) in enumerate(top.iterrows()):
            axes.annotate(_room_text(one), (1, row), (8, 0), xycoords=("axes fraction", "data"),
                          textcoords="offset points", va="center", fontsize=11.5)
        axes.set_xlim(0, edge)
        axes.set_xticks([0, 25, 50, 75, 100], ["0", "25 %", "50 %", "75 %", "100 % full"])
        figure.legend(loc="outside lower center", ncols=3, fontsize=11.5, handlelength=1.4)
        lead = (f"{plural(len(short), 'system')} of {len(known):,} {'has' if len(short) == 1 else 'have'} too little "
                "room for the upgrade." if len(short) else f"All {len(known):,} systems that told it have room.")
        return _chart(figure, "disk", "Disk use against what the upgrade needs", lead, wide=True)


def calls(systems: pd.DataFrame) -> Chart | None:
    """Calls of the fleet by weekday and hour, each system in its own zone."""
    told = [np.asarray(hours, dtype=float) for hours in systems["calls_by_hour"] if len(hours) == 168]
    week = np.sum(told, axis=0).reshape(7, 24) if told else np.zeros((7, 24))
    if not week.any():
        return None
    colours = LinearSegmentedColormap.from_list("calls", ["#f4f8fb", "#9fc3de", "#1f5f99", "#0b2545"])
    with drawing(1160, 270) as figure:
        axes = figure.subplots()
        mesh = axes.pcolormesh(week, cmap=colours, vmin=0, edgecolors=PAPER, linewidth=1.5, rasterized=False)
        axes.grid(visible=False)
        axes.set_yticks(np.arange(7) + 0.5, _DAYS)
        axes.set_xticks(np.arange(24) + 0.5, [f"{hour:02}" for hour in range(24)])
        axes.invert_yaxis()
        axes.spines["bottom"].set_visible(False)
        bar = figure.colorbar(mesh, ax=axes, pad=0.01, aspect=14)
        bar.outline.set_edgecolor(LINE)
        bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        bar.set_label("calls an hour", fontsize=11.5)
        lead = (f"{_quietest(week)} Mean of the last eight weeks over {plural(len(told), 'system')}, "
                "each in its own time zone.")
        return _chart(figure, "calls", "When the phones are quiet", lead, wide=True)


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
    release = systems["source_release"].fillna("not told").astype(str)
    frequent = set(release.value_counts().sort_index(kind="stable").nlargest(_MOST_RELEASES, keep="first").index)
    release = release.where(release.isin(frequent), "others")
    table = pd.crosstab(release, systems["verdict"].astype(str))
    table = table.reindex(columns=[verdict.value for verdict in VERDICTS], fill_value=0)
    table = table.loc[sorted(table.index, key=_release_order)]
    whole = pd.DataFrame([table.sum()], index=["All systems"])
    return whole if len(table) == 0 else pd.concat([whole, table])


def _release_order(name: Any) -> tuple[int, tuple[int, ...]]:
    try:
        return 0, Release.parse(str(name)).numbers
    except ValueError:
        return (1, ()) if name == "others" else (2, ())


def _downtimes(axes: Any, top: pd.DataFrame) -> None:
    timed = top["downtime_expected_s"].notna().to_numpy()
    rows = np.arange(len(top))[timed]
    low, expected, high = (
        top[f"downtime_{name}_s"].to_numpy(dtype=float, na_value=np.nan)[timed] for name in ("low", "expected", "high")
    )
    axes.hlines(rows, low, high, color=_BLUE, linewidth=5)
    axes.plot(expected, rows, "o", color=_DEEP, markersize=6)
    for row, most, likely in zip(rows, high, expected, strict=True):
        axes.annotate(duration_text(likely), (most, row), (7, 0), textcoords="offset points", va="center",
                      fontsize=11.5)
    axes.set_title("Estimated downtime: likely (dot), best to worst (line)", loc="left", fontsize=12, color=SOFT)
    axes.set_xlim(0, float(high.max()) * 1.22 if len(high) else 1)
    plain_axes(axes)
    axes.tick_params(labelleft=False)


def _longest(known: pd.DataFrame) -> str:
    timed = known[known["downtime_expected_s"].notna()]
    if timed.empty:
        return "No system's upgrade could be timed."
    longest = timed.sort_values(["downtime_expected_s", "id"], ascending=[False, True], kind="stable").iloc[0]
    middle = duration_text(float(timed["downtime_expected_s"].median()))
    most = duration_text(float(longest["downtime_expected_s"]))
    return f"Half of the fleet's upgrades are expected within {middle}, the longest takes about {most}."


def _room_text(one: pd.Series) -> str:
    return f"needs {bytes_text(int(one['disk_need_bytes']))}, free {bytes_text(int(one['disk_free_bytes']))}"


def _quietest(week: np.ndarray) -> str:
    """The quietest three hours in a row of the whole week, in words."""
    hours = np.concatenate([week.reshape(-1), week.reshape(-1)[:2]])
    start = int(np.argmin(np.convolve(hours, np.ones(3), "valid")))
    day = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[start // 24]
    return f"The quietest three hours of the week begin on {day} at {start % 24:02}:00."


def _names(systems: pd.DataFrame) -> list[str]:
    """The clients' names, with the system's id where a client appears twice."""
    names = [_name(one) for _, one in systems.iterrows()]
    ids = [shortened(str(system_id), 32) for system_id in systems["id"]]
    return [name if names.count(name) == 1 else system_id for name, system_id in zip(names, ids, strict=True)]


def _name(system: pd.Series) -> str:
    return shortened(str(system["client"]), 28)


def _chart(figure: Any, chart_id: str, title: str, lead: str, *, wide: bool = False) -> Chart:
    return Chart(chart_id, title, lead, svg_of(figure, chart_id, title, lead), wide)
