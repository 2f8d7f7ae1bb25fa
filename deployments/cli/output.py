"""What commands print: tables for people, JSON for programs."""
from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.text import visible
from tasks.model.finding import Verdict

WIDE = 200
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]


def console() -> Console:
    """The console for people: results go to stdout, progress and errors to stderr. Into a file or pipe it is wide."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def progress_console() -> Console:
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on stdout; dates, paths and enums as text."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table whose cells are plain text (no markup, no control codes: they may come from a system). Never cuts."""
    table = Table(*columns, title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    if table.columns:
        table.columns[0].no_wrap = True      # what people copy into the next command
    for row in rows:
        table.add_row(*(Text("" if cell is None else visible(str(cell))) for cell in row))
    console().print(table)


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], *, as_json: bool) -> None:
    """The same rows as a table or as a JSON list of objects."""
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)


def print_verdicts(summary: dict[str, Any], report: Path) -> None:
    """How many systems have each verdict, and where the report is."""
    counts = [(verdict.value, summary[verdict.value]) for verdict in Verdict]
    print_table(("verdict", "systems"), [*counts, ("all", summary["systems"])])
    for name, what in (("waived", "findings that stand and are waived"), ("excluded", "systems left out")):
        console().print(f"{name}: {summary[name]} {what}", soft_wrap=True)      # 0 is said too: nothing was hidden
    console().print(Text(f"report: {report}"), soft_wrap=True)
