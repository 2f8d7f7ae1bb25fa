"""How every chart is drawn and becomes SVG inside a page: text stays text, no id meets another, no clock is read."""
from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, SOFT, LINE, PAPER = "#1f2933", "#52606d", "#d9e2ec", "#ffffff"
_POINTS_PER_INCH = 72
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "uplift",
    "text.parse_math": False,               # a client called "$x$" is no formula
    "font.family": "DejaVu Sans",           # measured with a wide face; the page sets its own, which is no wider
    "font.size": 12,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": "#e9eef3",
    "axes.axisbelow": True,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True, slots=True)
class Chart:
    """``svg`` is a whole element for a page; ``lead`` says in a sentence what the picture shows."""

    id: str
    title: str
    lead: str
    svg: str
    wide: bool = False


@contextmanager
def drawing(width_px: int, height_px: int) -> Iterator[Figure]:
    """A figure in the house's style; one unit of its SVG is one CSS pixel at full size."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")     # the browser has it
        warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support")
        yield Figure(figsize=(width_px / _POINTS_PER_INCH, height_px / _POINTS_PER_INCH), layout="constrained")


def svg_of(figure: Figure, chart_id: str, title: str, description: str) -> str:
    """The figure as one inline ``<svg>`` with its own accessible title and description."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn = buffer.getvalue()
    svg = drawn[drawn.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[A-Za-z_.]+_\d+">', "<g>", svg)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{chart_id}-\1"', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{chart_id}-", svg)
    svg = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", "sans-serif", svg)
    width, height = (round(inches * _POINTS_PER_INCH) for inches in figure.get_size_inches())
    opening = (
        f'<svg class="chart" role="img" aria-labelledby="{chart_id}-title {chart_id}-desc" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{chart_id}-title">{escape(title)}</title><desc id="{chart_id}-desc">{escape(description)}</desc>'
    )
    return opening + svg[svg.index(">") + 1 :]


def bar_rows(axes: Axes, names: Sequence[str]) -> None:
    """One row a name, the first on top, without empty rows above and below."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.45, -0.55)


def plain_axes(axes: Axes) -> None:
    """No grid and no lines: for bars that carry their own numbers."""
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
