"""The fleet's calls by weekday and hour, as a map from quiet to busy."""
from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.ticker import StrMethodFormatter

from reports.drawing import LINE, PAPER, Chart, Entry, Figures, drawing, svg_of
from reports.figures import plural

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# From quiet to busy in steps of lightness, which every eye and every printer tells apart.
_STEPS = ("#f4f8fb", "#d6e6f2", "#b0cfe6", "#7fb0d6", "#4a8abf", "#205f98", "#0b2545")


def calls(systems: pd.DataFrame) -> Chart | None:
    """Calls of the fleet by weekday and hour, each system in its own zone."""
    told = [np.asarray(hours, dtype=float) for hours in systems["calls_by_hour"] if len(hours) == 168]
    week = np.sum(told, axis=0).reshape(7, 24) if told else np.zeros((7, 24))
    if not week.any():
        return None
    edges = np.arange(len(_STEPS) + 1) * _round_step(float(week.max()) / len(_STEPS))
    with drawing(1160, 270) as figure:
        axes = figure.subplots()
        mesh = axes.pcolormesh(week, cmap=ListedColormap(_STEPS), norm=BoundaryNorm(edges, len(_STEPS)),
                               edgecolors=PAPER, linewidth=1.5, rasterized=False)
        axes.grid(visible=False)
        axes.set_yticks(np.arange(7) + 0.5, [day[:3] for day in _DAYS])
        axes.set_xticks(np.arange(24) + 0.5, [f"{hour:02}" for hour in range(24)])
        axes.invert_yaxis()
        axes.spines["bottom"].set_visible(False)
        bar = figure.colorbar(mesh, ax=axes, pad=0.01, aspect=14, ticks=edges)
        bar.outline.set_edgecolor(LINE)
        bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        bar.set_label("calls an hour", fontsize=11.5, labelpad=8)
        said = (f"{_quietest(week)} Mean of the last eight weeks over {plural(len(told), 'system')}, "
                "each in its own time zone.")
        title = "When the phones are quiet"
        return Chart("calls", title, said, svg_of(figure, "calls", title, said), _figures(week), wide=True)


def _round_step(least: float) -> float:
    """The next of 1, 2, 2.5 or 5 times a power of ten, so that the legend has numbers that people remember."""
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= least * (1 - 1e-9)))


def _figures(week: np.ndarray) -> Figures:
    rows = (
        (Entry(f"{hour:02}:00"), *(Entry(f"{week[day][hour]:,.0f}") for day in range(7))) for hour in range(24)
    )
    return Figures(("Hour", *_DAYS), tuple(rows))


def _quietest(week: np.ndarray) -> str:
    """The quietest three hours in a row of the whole week, in words."""
    hours = np.concatenate([week.reshape(-1), week.reshape(-1)[:2]])
    start = int(np.argmin(np.convolve(hours, np.ones(3), "valid")))
    return f"The quietest three hours of the week begin on {_DAYS[start // 24]} at {start % 24:02}:00."
