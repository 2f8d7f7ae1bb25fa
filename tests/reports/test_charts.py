from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from reports.charts import calls, cdr_sizes, disk_use, findings_by_check, fleet_charts, readiness, systems_by_check
from tasks.analysis.frames import FindingRow, findings_frame
from tasks.model.judged import Judged

Frames = Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]
FromFleet = Callable[[list[Judged]], tuple[pd.DataFrame, pd.DataFrame]]
SVG = "{http://www.w3.org/2000/svg}"


def finding(system_id: str, subject: str, severity: str = "high", outcome: str = "fail", **known: object) -> FindingRow:
    return FindingRow(system_id, "space", 1, subject, outcome, severity, True, "full", **known)  # type: ignore[arg-type]


def test_a_system_counts_once_a_check_with_its_worst_open_finding() -> None:
    table = systems_by_check(findings_frame([
        finding("a", "/", "low"), finding("a", "/opt", "high"), finding("a", "/var", outcome="unknown"),
        finding("b", "/", outcome="unknown"), finding("c", "/", "medium", waiver_owner="amra"),
        finding("d", "/", outcome="pass"), finding("e", "/", outcome="skipped"),
    ]))
    assert table.loc["space"].to_dict() == {"high": 1, "medium": 0, "low": 0, "unknown": 1}


def test_a_fleet_without_figures_draws_nothing(fleet_frames: Frames) -> None:
    systems, findings = fleet_frames(0)
    assert fleet_charts(systems, findings) == ()
    silent = fleet_frames(220)[0].query("verdict == 'unreachable'")
    assert len(silent) > 3
    assert [draw(silent) for draw in (cdr_sizes, disk_use, calls)] == [None, None, None]
    assert readiness(silent) is not None
    assert findings_by_check(findings) is None


def test_the_chart_names_the_twenty_largest_tables_in_order(fleet_frames: Frames) -> None:
    systems, _ = fleet_frames(220)
    chart = cdr_sizes(systems)
    assert chart is not None
    largest = systems.sort_values("cdr_bytes", ascending=False).head(20)
    texts = ["".join(one.itertext()).strip() for one in ElementTree.fromstring(chart.svg).iter(f"{SVG}text")]
    drawn = [text for text in texts if text in set(largest["client"])]
    assert drawn == [name for name in largest["client"] if name in drawn]
    assert len(drawn) >= 15
    assert largest["client"].iloc[0] in chart.lead


def test_the_disk_chart_counts_those_without_room(fleet_frames: Frames) -> None:
    systems, _ = fleet_frames(220)
    short = int((systems["disk_need_bytes"] > systems["disk_free_bytes"]).sum())
    known = int(systems["disk_need_bytes"].notna().sum())
    chart = disk_use(systems)
    assert chart is not None
    assert chart.lead == f"{short} systems of {known} have too little room for the upgrade."


def test_the_quietest_hours_are_found_across_the_end_of_the_week(fleet_frames: Frames) -> None:
    week = np.ones(168)
    week[[167, 0, 1]] = 0                       # Sunday 23:00 to Monday 02:00
    systems = fleet_frames(1)[0].assign(calls_by_hour=pd.Series([tuple(week)], dtype="object"))
    chart = calls(systems)
    assert chart is not None
    assert chart.lead.startswith("The quietest three hours of the week begin on Sunday at 23:00.")


def test_charts_are_whole_xml_with_their_own_words_and_ids(
    fleet_frames: Frames, hostile_fleet: list[Judged], frames_from: FromFleet
) -> None:
    seen: set[str] = set()
    for chart in fleet_charts(*fleet_frames(220)):
        root = ElementTree.fromstring(chart.svg)
        assert [one.tag.removeprefix(SVG) for one in list(root)[:2]] == ["title", "desc"]
        assert root[1].text == chart.lead
        ids = re.findall(r'\bid="([^"]+)"', chart.svg)
        assert len(ids) == len(set(ids))
        assert not seen & set(ids)
        seen |= set(ids)
    for chart in fleet_charts(*frames_from(hostile_fleet)):
        root = ElementTree.fromstring(chart.svg)
        assert not [one for one in root.iter() if one.tag.removeprefix(SVG) in ("script", "img", "foreignObject")]
    names = "".join(ElementTree.fromstring(chart.svg).itertext())
    assert "<script>" in names
