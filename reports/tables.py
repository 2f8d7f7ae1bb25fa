"""The files of a sweep that other programs read: CSV, Parquet and the summary. The workbook is reports/workbook.py."""
from __future__ import annotations

import csv
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reports.files import replacing, write_text
from reports.meta import SweepMeta
from reports.text import csv_cell
from reports.workbook import write_workbook
from tasks.analysis.frames import FINDING_COLUMNS, SYSTEM_COLUMNS
from tasks.model.finding import Verdict

SCHEMA_VERSION = 1
CSV_COLUMNS = tuple(name for name in SYSTEM_COLUMNS if name != "calls_by_hour")
_ARROW = {
    "string": pa.string(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
    "boolean": pa.bool_(),
    "datetime64[us]": pa.timestamp("us"),
}
_ARROW_OBJECTS = {"calls_by_hour": pa.list_(pa.float64()), "waiver_expires_on": pa.date32()}


def write_tables(directory: Path, systems: pd.DataFrame, findings: pd.DataFrame, meta: SweepMeta) -> None:
    """systems.csv, systems.parquet, findings.parquet, report.xlsx and, last, summary.json.

    The same frames and meta give the same bytes.
    """
    _write_csv(directory / "systems.csv", systems)
    _write_parquet(directory / "systems.parquet", systems, SYSTEM_COLUMNS)
    _write_parquet(directory / "findings.parquet", findings, FINDING_COLUMNS)
    write_workbook(directory / "report.xlsx", systems, findings, meta, summary_of(systems, findings, meta))
    summary = json.dumps(summary_of(systems, findings, meta), indent=2, ensure_ascii=False)
    write_text(directory / "summary.json", summary + "\n")


def summary_of(systems: pd.DataFrame, findings: pd.DataFrame, meta: SweepMeta) -> dict[str, Any]:
    """What summary.json holds. Raises ValueError where a system has no verdict that the house knows."""
    counts = systems["verdict"].value_counts()
    verdicts = {verdict.value: int(counts.get(verdict.value, 0)) for verdict in Verdict}
    if sum(verdicts.values()) != len(systems):
        raise ValueError(f"verdicts {dict(counts)} do not sum to {len(systems)} systems")
    return {
        "schema_version": SCHEMA_VERSION,
        "sweep_id": meta.sweep_id,
        "target": meta.target,
        "started_at": meta.started_at.isoformat(),
        "elapsed_s": round(meta.elapsed_s, 3),
        "systems": len(systems),
        **verdicts,
        "waived": int(findings["waiver_owner"].notna().sum()),
        "excluded": len(meta.excluded),
    }


def _write_csv(path: Path, systems: pd.DataFrame) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for row in systems[list(CSV_COLUMNS)].itertuples(index=False):
            writer.writerow([_csv_cell(cell) for cell in row])


def _csv_cell(cell: Any) -> Any:
    """Numbers stay numbers; text is made safe; what is not known is an empty cell."""
    if isinstance(cell, str):
        return csv_cell(cell)
    if pd.isna(cell):
        return ""
    return cell.isoformat() if isinstance(cell, date | datetime) else cell


def _write_parquet(path: Path, frame: pd.DataFrame, columns: dict[str, str]) -> None:
    schema = pa.schema([(name, _ARROW_OBJECTS.get(name) or _ARROW[dtype]) for name, dtype in columns.items()])
    arrays = [pa.array(_cells(frame[name], columns[name]), type=schema.field(name).type) for name in columns]
    with replacing(path) as temporary:
        pq.write_table(pa.table(arrays, schema=schema), temporary, compression="zstd")


def _cells(column: pd.Series, dtype: str) -> Any:
    return [None if cell is None else cell for cell in column] if dtype == "object" else column
