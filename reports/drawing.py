"""How every chart is drawn and becomes SVG inside a page: text stays text, no id meets another, no clock is read."""
from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
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
_COLOUR = re.compile(r"(?<=: )#([0-9a-f]{6})\b")
_VARIABLE = re.compile(r"var\(--c-[0-9a-f]{6}, (#[0-9a-f]{6})\)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell of a chart's table; ``leads_to`` names the rows behind it: verdict, release, check, outcome or open."""

    text: str
    leads_to: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figures:
    """A chart's numbers as a table, for those who cannot see the picture or want the exact figure."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """``svg`` is a whole element for a page; ``lead`` says in a sentence what the picture shows."""

    id: str
    title: str
    lead: str
    svg: str
    figures: Figures
    wide: bool = False

    @property
    def printed(self) -> str:
        """The picture for a renderer that knows no style sheet of the page: every colour as it is on paper."""
        return _VARIABLE.sub(r"\1", self.svg)


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
    svg = re.sub(r'<g id="leads-to\|([^"]*)">', _leads_to, svg)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{chart_id}-\1"', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{chart_id}-", svg)
    svg = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", "sans-serif", svg)
    svg = re.sub(r'\bfill="(#[0-9a-f]{6})"', r'style="fill: \1"', svg)
    svg = _COLOUR.sub(r"var(--c-\1, #\1)", svg)            # the page's style sheet has others for the dark
    width, height = (round(inches * _POINTS_PER_INCH) for inches in figure.get_size_inches())
    opening = (
        f'<svg class="chart" role="img" aria-labelledby="{chart_id}-title {chart_id}-desc" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{chart_id}-title">{escape(title)}</title><desc id="{chart_id}-desc">{escape(description)}</desc>'
    )
    return opening + svg[svg.index(">") + 1 :]


def lead(artists: Sequence[Any], places: Sequence[Mapping[str, str]]) -> None:
    """Let a click on each shape show the rows behind it; the chart's table has the same links for the keyboard.

    A shape with an empty place leads nowhere.
    """
    for artist, place in zip(artists, places, strict=True):
        if place:
            artist.set_gid("|".join(["leads-to", *(f"{name}={value}" for name, value in place.items())]))


def _leads_to(found: re.Match[str]) -> str:
    pairs = (each.partition("=") for each in found[1].split("|"))
    return "<g " + " ".join(f'data-{name}="{value}"' for name, _, value in pairs) + ">"


def bar_rows(axes: Axes, names: Sequence[str]) -> None:
    """One row a name, the first on top, without empty rows above and below."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.45, -0.55)


def plain_axes(axes: Axes) -> None:
    """No grid and no lines: for bars that carry their own numbers."""
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
