"""report.xlsx: the systems, what was found, and an About sheet. No cell of it is a formula or a link."""
from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from reports.figures import duration_text, moment_text
from reports.files import replacing
from reports.meta import SweepMeta
from reports.text import visible
from reports.words import VERDICTS, check_title
from tasks.analysis.frames import FINDING_COLUMNS, SYSTEM_COLUMNS
from tasks.model.finding import Outcome, Verdict

# Limits of the format (Microsoft, "Excel specifications and limits").
_MOST_CHARACTERS = 32_767
_MOST_ROWS = 1_048_575
_WIDE = {"client": 28, "top_reason": 70, "contact_detail": 40, "summary": 80, "client_text": 60, "remediations": 60,
         "waiver_reason": 40, "remarks": 40, "check_id": 28, "subject": 28, "system_id": 22, "id": 22}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}
_SYSTEM_SHEET = [name for name in SYSTEM_COLUMNS if name != "calls_by_hour"]


def write_workbook(
    path: Path, systems: pd.DataFrame, findings: pd.DataFrame, meta: SweepMeta, summary: dict[str, Any]
) -> None:
    """The same input gives the same bytes: the file's date is the sweep's."""
    shown = worth_showing(findings)
    with replacing(path) as temporary, xlsxwriter.Workbook(str(temporary), _OPTIONS) as book:
        book.set_properties(
            {
                "title": f"Fleet readiness for PBXware {visible(meta.target)}",
                "author": "Uplift",
                "created": meta.started_at.astimezone(UTC).replace(tzinfo=None),
            }
        )
        formats = {
            "head": book.add_format({"bold": True, "bg_color": "#e7edf3", "bottom": 1, "valign": "top"}),
            "bold": book.add_format({"bold": True}),
            "title": book.add_format({"bold": True, "font_size": 15}),
            "count": book.add_format({"num_format": "#,##0"}),
            "fraction": book.add_format({"num_format": "0.0%"}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        _write_frame(book.add_worksheet("Systems"), systems[_SYSTEM_SHEET], formats)
        _write_frame(book.add_worksheet("Findings"), shown.head(_MOST_ROWS)[list(FINDING_COLUMNS)], formats)
        _write_about(book.add_worksheet("About"), meta, summary, len(findings) - len(shown.head(_MOST_ROWS)), formats)


def worth_showing(findings: pd.DataFrame) -> pd.DataFrame:
    """Without what merely passed or did not apply: problems, what could not be told, and notices."""
    notice = (findings["outcome"] == Outcome.PASS.value) & (findings["summary"] != "")
    return findings[findings["outcome"].isin([Outcome.FAIL.value, Outcome.UNKNOWN.value]) | notice]


def heading(column: str) -> str:
    """``cdr_bytes`` as a column's heading: CDR (bytes)."""
    for ending, unit in (("_bytes", "bytes"), ("_s", "seconds"), ("_fraction", "%")):
        if column.endswith(ending):
            return f"{check_title(column.removesuffix(ending))} ({unit})"
    return check_title(column)


def _write_frame(sheet: Worksheet, frame: pd.DataFrame, formats: dict[str, Any]) -> None:
    sheet.freeze_panes(1, 1)
    for number, name in enumerate(frame.columns):
        sheet.set_column(number, number, _WIDE.get(str(name), max(11, len(heading(str(name))) + 3)))
    for number, name in enumerate(frame.columns):
        sheet.write_string(0, number, heading(str(name)), formats["head"])
    styles = [formats["fraction" if str(name).endswith("_fraction") else "count"] for name in frame.columns]
    for row, cells in enumerate(frame.itertuples(index=False), start=1):
        for number, cell in enumerate(cells):
            _write_cell(sheet, row, number, cell, styles[number], formats)
    sheet.autofilter(0, 0, max(1, len(frame)), len(frame.columns) - 1)


def _write_cell(sheet: Worksheet, row: int, column: int, cell: Any, style: Any, formats: dict[str, Any]) -> None:
    if isinstance(cell, str):
        if cell:
            sheet.write_string(row, column, visible(cell)[:_MOST_CHARACTERS])
    elif cell is None or pd.isna(cell):
        return
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, datetime | date):
        if not 1900 < cell.year < 9999:           # a date that the format cannot hold
            sheet.write_string(row, column, cell.isoformat())
        else:
            sheet.write_datetime(row, column, cell, formats["time" if isinstance(cell, datetime) else "date"])
    else:
        sheet.write_number(row, column, cell, style)


def _write_about(
    sheet: Worksheet, meta: SweepMeta, summary: dict[str, Any], omitted: int, formats: dict[str, Any]
) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, f"Fleet readiness for PBXware {visible(meta.target)}", formats["title"])
    for row, (name, value) in enumerate(_about(meta, summary, omitted), start=2):
        sheet.write_string(row, 0, name, formats["bold"])
        sheet.write_string(row, 1, visible(value)[:_MOST_CHARACTERS])


def _about(meta: SweepMeta, summary: dict[str, Any], omitted: int) -> list[tuple[str, str]]:
    lines = [
        ("Sweep", meta.sweep_id),
        ("Started", moment_text(meta.started_at, meta.timezone)),
        ("Took", duration_text(meta.elapsed_s)),
        ("Systems", f"{summary['systems']:,}"),
    ]
    lines += [
        (VERDICTS[verdict].label, f"{summary[verdict.value]:,}: {VERDICTS[verdict].meaning}") for verdict in VERDICTS
    ]
    assert set(VERDICTS) == set(Verdict)
    lines += [
        ("Waived findings", f"{summary['waived']:,}"),
        ("Excluded systems", f"{summary['excluded']:,}"),
        ("Checks that passed", f"{omitted:,} results that passed or did not apply are in findings.parquet only"),
        ("Times", "First and last call are in the clock of each system's own database"),
    ]
    lines += [("Not asked", sentence) for sentence in meta.left_out]
    return lines + [(f"Excluded: {system_id}", reason) for system_id, reason in meta.excluded]
