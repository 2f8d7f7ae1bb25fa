"""report.pdf, read back with Poppler."""
from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from reports.brief import BLOCKED
from reports.meta import SweepMeta
from reports.render import render_sweep
from tasks.model.finding import Verdict
from tasks.model.judged import Judged

Frames = Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]
FromFleet = Callable[[list[Judged]], tuple[pd.DataFrame, pd.DataFrame]]


def pages_of(directory: Path, frames: tuple[pd.DataFrame, pd.DataFrame], meta: SweepMeta) -> list[str]:
    pdf = render_sweep(directory, *frames, meta).with_name("report.pdf")
    words = ["pdftotext", "-layout", pdf, "-"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split("\f")[:-1]


def test_a_manager_reads_the_summary_what_to_do_and_the_blocked_systems(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta
) -> None:
    systems, findings = fleet_frames(220)
    pages = pages_of(tmp_path, (systems, findings), meta)
    blocked = systems[systems["verdict"] == Verdict.BLOCKED.value]
    assert "Ready for PBXware 8.2.0?" in pages[0]
    assert f"{int((systems['verdict'] == 'ready').sum())} of 220 systems can be upgraded" in " ".join(pages[0].split())
    text = "\n".join(pages)
    assert set(blocked["id"]) <= set(re.findall(r"pbx-\d{5}", text))
    assert "Move the extensions" in text
    assert len(pages) < 8


def test_ten_thousand_systems_make_no_longer_a_document(tmp_path: Path, fleet_frames: Frames, meta: SweepMeta) -> None:
    systems, findings = fleet_frames(10_000)
    pages = pages_of(tmp_path, (systems, findings), meta)
    blocked = int((systems["verdict"] == Verdict.BLOCKED.value).sum())
    assert f"The {BLOCKED} that need attention most, of {blocked:,}" in "\n".join(pages)
    assert len(pages) < 20


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_a_system_makes_one_page(tmp_path: Path, fleet_frames: Frames, meta: SweepMeta, count: int) -> None:
    assert len(pages_of(tmp_path, fleet_frames(count), meta)) <= 2


def test_what_clients_wrote_is_text_and_fetches_nothing(
    tmp_path: Path, hostile_fleet: list[Judged], frames_from: FromFleet, meta: SweepMeta
) -> None:
    text = "\n".join(pages_of(tmp_path, frames_from(hostile_fleet), meta))
    assert "<script>window.owned=1</script>" in text
    raw = (tmp_path / "report.pdf").read_bytes()
    assert b"/JavaScript" not in raw
    assert b"/URI" not in raw
