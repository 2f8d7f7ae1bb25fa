"""``latest`` beside the sweeps: which of them it shows."""
from __future__ import annotations

from pathlib import Path

import pytest

from tasks.model.sweep import SweepOptions, SweepPlan
from tasks.steps.judge_sweep import judge_sweep
from tasks.steps.publish_sweep import publish_latest
from tasks.wire.sweep_folder import SweepFolder


def swept(place: Path, day: int, *, select: str | None = None, complete: bool = True) -> SweepFolder:
    folder = SweepFolder(place / f"2026-03-{day:02}")
    folder.create(SweepPlan.model_validate({
        "sweep_id": f"202603{day:02}T010000Z-7.2.0", "started_at": f"2026-03-{day:02}T01:00:00Z",
        "finished_at": f"2026-03-{day:02}T01:05:00Z" if complete else None, "fleet_file": "fleet.yaml", "systems": 0,
        "options": SweepOptions(target="7.2.0", select=select),
    }), ())
    judge_sweep(folder)
    return folder


def test_the_newest_complete_sweep_is_shown(tmp_path: Path) -> None:
    assert publish_latest(swept(tmp_path, 1))
    assert not publish_latest(swept(tmp_path, 3, complete=False))
    assert (tmp_path / "latest").resolve().name == "2026-03-01"
    assert publish_latest(swept(tmp_path, 4))
    assert not publish_latest(swept(tmp_path, 2))           # resumed after the newer one had ended
    assert (tmp_path / "latest" / "report.html").is_file()
    assert (tmp_path / "latest").readlink() == Path("2026-03-04")


@pytest.mark.parametrize("missing", ["report.html", "report.pdf", "summary.json"])
def test_a_sweep_without_its_whole_report_is_not_shown(tmp_path: Path, missing: str) -> None:
    folder = swept(tmp_path, 1)
    (folder.path / missing).unlink()
    assert not publish_latest(folder)
    assert not (tmp_path / "latest").is_symlink()


def test_a_selection_does_not_hide_the_whole_fleet(tmp_path: Path) -> None:
    assert publish_latest(swept(tmp_path, 2, select="tag=vip"))         # better than nothing
    assert publish_latest(swept(tmp_path, 1))
    assert not publish_latest(swept(tmp_path, 3, select="tag=vip"))
    assert (tmp_path / "latest").readlink() == Path("2026-03-01")


def test_a_link_that_leads_nowhere_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("removed")
    assert publish_latest(swept(tmp_path, 1))
    assert (tmp_path / "latest").readlink() == Path("2026-03-01")
