from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from reports.meta import SweepMeta
from reports.tables import CSV_COLUMNS, summary_of, write_tables
from reports.text import csv_cell
from tasks.analysis.frames import FINDING_COLUMNS, SYSTEM_COLUMNS
from tasks.model.finding import Verdict
from tasks.model.judged import Judged

Frames = Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]
FromFleet = Callable[[list[Judged]], tuple[pd.DataFrame, pd.DataFrame]]
STARTS_FORMULA = tuple("=+-@\t\r\n")


def read_csv(directory: Path) -> list[dict[str, str]]:
    with (directory / "systems.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("count", [0, 1, 220])
def test_the_verdicts_of_the_summary_sum_to_its_systems(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta, count: int
) -> None:
    write_tables(tmp_path, *fleet_frames(count), meta)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert list(summary) == [
        "schema_version", "sweep_id", "target", "started_at", "elapsed_s", "systems", "ready", "actions_needed",
        "blocked", "undetermined", "unreachable", "waived", "excluded",
    ]
    assert sum(summary[verdict.value] for verdict in Verdict) == summary["systems"] == count
    assert summary["excluded"] == 1
    assert summary["started_at"] == "2026-03-14T01:00:00+00:00"


def test_a_verdict_that_nobody_knows_is_not_counted_away(fleet_frames: Frames, meta: SweepMeta) -> None:
    systems, findings = fleet_frames(220)
    broken = systems.assign(verdict=systems["verdict"].where(systems.index != 3, "fine"))
    with pytest.raises(ValueError, match="do not sum to 220"):
        summary_of(broken, findings, meta)


@pytest.mark.parametrize("count", [0, 1, 220])
def test_parquet_gives_the_frames_back(tmp_path: Path, fleet_frames: Frames, meta: SweepMeta, count: int) -> None:
    systems, findings = fleet_frames(count)
    write_tables(tmp_path, systems, findings, meta)
    for name, frame, columns in (("systems", systems, SYSTEM_COLUMNS), ("findings", findings, FINDING_COLUMNS)):
        table = pq.read_table(tmp_path / f"{name}.parquet")
        assert table.column_names == list(columns)
        assert table.num_rows == len(frame)
        for column in ("verdict", "cdr_rows", "client") if name == "systems" else ("summary", "measured_value"):
            expected = [None if pd.isna(cell) else cell for cell in frame[column]]
            assert table.column(column).to_pylist() == expected
    hours = pq.read_table(tmp_path / "systems.parquet").column("calls_by_hour").to_pylist()
    assert [tuple(cell) for cell in hours] == [tuple(cell) for cell in systems["calls_by_hour"]]


def test_csv_holds_every_system_with_numbers_that_are_numbers(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta
) -> None:
    systems, findings = fleet_frames(220)
    write_tables(tmp_path, systems, findings, meta)
    rows = read_csv(tmp_path)
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [row["id"] for row in rows] == systems["id"].tolist()
    for row, cdr_rows in zip(rows, systems["cdr_rows"], strict=True):
        assert row["cdr_rows"] == ("" if pd.isna(cdr_rows) else str(int(cdr_rows)))


def test_no_cell_of_the_csv_is_a_formula(
    tmp_path: Path, hostile_fleet: list[Judged], frames_from: FromFleet, meta: SweepMeta
) -> None:
    write_tables(tmp_path, *frames_from(hostile_fleet), meta)
    rows = read_csv(tmp_path)
    assert len(rows) == len(hostile_fleet)
    cells = [cell for row in rows for cell in row.values()]
    assert [cell for cell in cells if cell.lstrip(" ").startswith(STARTS_FORMULA)] == []
    assert sum(cell.startswith("'=") for cell in cells) > 5
    assert not any("\u202e" in cell or "\x00" in cell for cell in cells)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", " =1", "\n=1", "＝1", "\ufeff=1"])
def test_text_that_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert csv_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["Acme", "a=b", "10.11.6-MariaDB", "/opt", "", "007"])
def test_text_that_is_harmless_stays_as_it_is(text: str) -> None:
    assert csv_cell(text) == text


def test_the_workbook_read_back_holds_text_never_formulas_or_links(
    tmp_path: Path, hostile_fleet: list[Judged], frames_from: FromFleet, meta: SweepMeta
) -> None:
    systems, findings = frames_from(hostile_fleet)
    write_tables(tmp_path, systems, findings, meta)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert book.sheetnames == ["Systems", "Findings", "About"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b", "d", "inlineStr"}
    assert [cell.coordinate for cell in cells if cell.hyperlink] == []
    clients = [row[1].value for row in book["Systems"].iter_rows(min_row=2)]
    assert clients[4] == "=cmd|' /C calc'!A0"
    assert clients[17] == "007"


def test_the_workbook_is_ready_to_be_worked_with(tmp_path: Path, fleet_frames: Frames, meta: SweepMeta) -> None:
    systems, findings = fleet_frames(220)
    write_tables(tmp_path, systems, findings, meta)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    sheet = book["Systems"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref.split(":")[0], sheet.max_row) == ("B2", "A1", 221)
    heading = {cell.value: cell.column for cell in sheet[1]}
    column = heading["CDR rows"]
    assert [cell.value for (cell,) in sheet.iter_rows(min_row=2, min_col=column, max_col=column)] == [
        None if pd.isna(cell) else cell for cell in systems["cdr_rows"]
    ]
    about = {row[0].value: row[1].value for row in book["About"].iter_rows(min_row=3)}
    assert about["Started"] == "14 March 2026, 02:00 CET (UTC+01:00)"
    assert about["Excluded: pbx-retired-1"] == "not selected by not tag=retired"
    assert "Not asked" not in about
    write_tables(tmp_path, systems, findings, replace(meta, left_out=("The databases were not asked.",)))
    about = openpyxl.load_workbook(tmp_path / "report.xlsx")["About"]
    assert "The databases were not asked." in [row[1].value for row in about.iter_rows()]


def test_checks_that_passed_in_silence_are_counted_and_not_listed(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta
) -> None:
    systems, findings = fleet_frames(220)
    write_tables(tmp_path, systems, findings, meta)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    silent = int((findings["summary"] == "").sum())
    assert silent > 100
    assert book["Findings"].max_row == 1 + len(findings) - silent
    about = {row[0].value: row[1].value for row in book["About"].iter_rows(min_row=3)}
    assert about["Checks that passed"].startswith(f"{silent:,} results")
