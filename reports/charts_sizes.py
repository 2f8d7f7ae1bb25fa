"""Charts of sizes: the tables of calls against the downtime they cost, and disks against what the upgrade needs."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from reports.drawing import INK, PAPER, SOFT, Chart, Entry, Figures, bar_rows, drawing, lead, plain_axes, svg_of
from reports.figures import bytes_text, duration_range, duration_text, percent_text, plural, short_count
from reports.text import shortened

_TOP = 20
_ROW_PX = 25
_BLUE, _DEEP, _ALARM = "#9fb8d1", "#1f5f99", "#b3361b"


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
        lead(sizes.barh(place, values, color=_BLUE, height=0.64).patches, _places(top))
        for row, (size, count) in enumerate(zip(top["cdr_bytes"], top["cdr_rows"], strict=True)):
            text = f"{bytes_text(int(size))} · {short_count(int(count))} rows"
            sizes.annotate(text, (float(size), row), (5, 0), textcoords="offset points", va="center", fontsize=11.5)
        sizes.set_xlim(0, values.max() * 1.5)
        bar_rows(sizes, _names(top))
        plain_axes(sizes)
        sizes.set_title("Table of calls", loc="left", fontsize=12, color=SOFT)
        _downtimes(times, top)
        largest = top.iloc[0]
        said = f"The largest is {bytes_text(int(largest['cdr_bytes']))}, at {_name(largest)}. {_longest(known)}"
        title = "The largest tables of calls, and how long their upgrade takes"
        return Chart("cdr", title, said, svg_of(figure, "cdr", title, said), _cdr_figures(top), wide=True)


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
        bars = axes.barh(range(len(top)), used, color=_BLUE, height=0.64, label="Used now")
        lead(bars.patches, _places(top))
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
        said = (f"{plural(len(short), 'system')} of {len(known):,} {'has' if len(short) == 1 else 'have'} too little "
                "room for the upgrade." if len(short) else f"All {len(known):,} systems that told it have room.")
        title = "Disk use against what the upgrade needs"
        return Chart("disk", title, said, svg_of(figure, "disk", title, said), _disk_figures(top), wide=True)


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


def _names(systems: pd.DataFrame) -> list[str]:
    """The clients' names, with the system's id where a client appears twice."""
    names = [_name(one) for _, one in systems.iterrows()]
    ids = [shortened(str(system_id), 32) for system_id in systems["id"]]
    return [name if names.count(name) == 1 else system_id for name, system_id in zip(names, ids, strict=True)]


def _name(system: Any) -> str:
    return shortened(str(system.client), 28)


def _places(systems: pd.DataFrame) -> list[dict[str, str]]:
    return [{"open": str(system_id)} for system_id in systems["id"]]


def _cdr_figures(top: pd.DataFrame) -> Figures:
    rows = []
    systems: Iterator[Any] = top.itertuples(index=False)
    for one in systems:
        timed = not pd.isna(one.downtime_expected_s)
        rows.append((
            Entry(_name(one), {"open": str(one.id)}),
            Entry(bytes_text(int(one.cdr_bytes))),
            Entry(f"{int(one.cdr_rows):,}"),
            Entry(duration_text(float(one.downtime_expected_s)) if timed else "–"),
            Entry(duration_range(float(one.downtime_low_s), float(one.downtime_high_s)) if timed else "–"),
        ))
    return Figures(("System", "Table of calls", "Rows", "Likely downtime", "Best to worst"), tuple(rows))


def _disk_figures(top: pd.DataFrame) -> Figures:
    rows = []
    systems: Iterator[Any] = top.itertuples(index=False)
    for one in systems:
        free, need, size = int(one.disk_free_bytes), int(one.disk_need_bytes), int(one.disk_size_bytes)
        over = f"{bytes_text(need - free)} short" if need > free else f"{bytes_text(free - need)} left"
        cells = (percent_text(1 - free / size), bytes_text(free), bytes_text(need), over)
        rows.append((Entry(_name(one), {"open": str(one.id)}), *map(Entry, cells)))
    return Figures(("System", "Used now", "Free", "Needed", "After it"), tuple(rows))
