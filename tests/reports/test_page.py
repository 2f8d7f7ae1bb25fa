from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports.meta import SweepMeta
from reports.render import render_sweep
from tasks.model.finding import Verdict
from tasks.model.judged import Judged

Frames = Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]
FromFleet = Callable[[list[Judged]], tuple[pd.DataFrame, pd.DataFrame]]
FILES = {"report.html", "report.pdf", "report.xlsx", "systems.csv", "systems.parquet", "findings.parquet",
         "summary.json"}


class Page(HTMLParser):
    """The elements of a page with their attributes, the text of it, and what its script elements hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self._inside == "script" else self.text).append(data)

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.elements if "id" in attributes]

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.scripts[0])


def render(directory: Path, frames: tuple[pd.DataFrame, pd.DataFrame], meta: SweepMeta) -> tuple[str, Page]:
    html = render_sweep(directory, *frames, meta).read_text(encoding="utf-8")
    return html, Page(html)


@pytest.mark.parametrize("count", [0, 1, 220])
def test_a_fleet_of_any_size_gets_all_its_files(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta, count: int
) -> None:
    _, page = render(tmp_path / "new" / "sweep", fleet_frames(count), meta)
    assert {path.name for path in (tmp_path / "new" / "sweep").iterdir()} == FILES
    assert len(page.ids) == len(set(page.ids))
    assert len(page.data["systems"]) == count
    tiles = re.findall(r'tile-count">([\d,]+)<', (tmp_path / "new/sweep/report.html").read_text())
    assert sum(int(number.replace(",", "")) for number in tiles) == count


def test_an_empty_fleet_is_said_in_words_and_draws_no_chart(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta
) -> None:
    html, page = render(tmp_path, fleet_frames(0), meta)
    assert "This sweep holds no systems" in html
    assert "No system was swept." in html
    assert "svg" not in {name for name, _ in page.elements}


def test_the_page_asks_nothing_of_the_network(tmp_path: Path, fleet_frames: Frames, meta: SweepMeta) -> None:
    html, page = render(tmp_path, fleet_frames(220), meta)
    for name, attributes in page.elements:
        for attribute in ("src", "href", "action", "poster", "srcset", "xlink:href"):
            assert (attributes.get(attribute) or "#").startswith(("#", "data:")), (name, attributes)
    assert not re.search(r"@import|url\((?!#)", html)
    policy = next(one["content"] or "" for name, one in page.elements if name == "meta" and "content" in one
                  and (one.get("http-equiv") == "Content-Security-Policy"))
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy


def test_what_clients_wrote_is_text_everywhere(
    tmp_path: Path, hostile_fleet: list[Judged], hostile_texts: tuple[str, ...], frames_from: FromFleet, meta: SweepMeta
) -> None:
    hostile = replace(meta, excluded=tuple((text, text) for text in hostile_texts), left_out=hostile_texts)
    html, page = render(tmp_path, frames_from(hostile_fleet), hostile)
    assert len(page.scripts) == 2
    assert not {name for name, _ in page.elements} & {"img", "iframe", "object", "base"}
    assert [key for _, attributes in page.elements for key in attributes if key.startswith("on")] == []
    assert "49" not in [text.strip() for text in page.text]
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x07\x1b]", html)
    for text in (hostile_texts[0], hostile_texts[1], hostile_texts[10], hostile_texts[14]):
        assert text in page.text
    clients = {system[0]: system[1] for system in page.data["systems"]}
    assert clients["pbx-00000"] == hostile_texts[0]
    assert not set("<>&") & set(page.scripts[0])


def test_a_link_of_the_page_leads_to_a_place_that_exists(tmp_path: Path, fleet_frames: Frames, meta: SweepMeta) -> None:
    _, page = render(tmp_path, fleet_frames(220), meta)
    targets = {(one["href"] or "")[1:] for name, one in page.elements if name == "a" and (one.get("href") or "") != "#"}
    assert len(targets) > 60
    assert targets <= set(page.ids)
    references = [one for _, attributes in page.elements for key in ("aria-labelledby", "xlink:href")
                  for one in (attributes.get(key) or "").replace("#", "").split() if "data:" not in str(attributes)]
    assert set(references) <= set(page.ids)


def test_without_javascript_every_system_and_every_finding_is_there(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta
) -> None:
    systems, findings = fleet_frames(220)
    html, page = render(tmp_path, (systems, findings), meta)
    assert {f"system-{system_id}" for system_id in systems["id"]} <= set(page.ids)
    text = "\n".join(page.text)
    not_ready = systems[systems["verdict"] != Verdict.READY.value]["id"]
    standing = findings[findings["system_id"].isin(not_ready) & (findings["summary"] != "")]
    assert len(standing) > 80
    for summary in standing["summary"]:
        assert summary in text
    assert html.count("<article") == 200


def test_what_was_waived_excluded_and_not_asked_is_printed(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta
) -> None:
    systems, findings = fleet_frames(220)
    html, _ = render(tmp_path, (systems, findings), replace(meta, left_out=("The databases were not asked.",)))
    waived = findings[findings["waiver_owner"].notna()]
    assert len(waived) > 2
    section = html[html.index('id="left-title"') : html.index('id="reading-title"')]
    for system_id in waived["system_id"]:
        assert system_id in section
    assert section.count("Waived by amra until 31 December 2026") == len(waived)
    assert "pbx-retired-1" in section
    assert "not selected by not tag=retired" in section
    assert "The databases were not asked." in section


def test_the_sweeps_time_is_told_with_its_zone(tmp_path: Path, fleet_frames: Frames, meta: SweepMeta) -> None:
    html, _ = render(tmp_path, fleet_frames(1), meta)
    assert '<time datetime="2026-03-14T01:00:00+00:00">14 March 2026, 02:00 CET (UTC+01:00)</time>' in html
    with pytest.raises(ValueError, match="needs a zone"):
        replace(meta, started_at=meta.started_at.replace(tzinfo=None))


def test_numbers_are_short_with_the_exact_value_at_hand(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta
) -> None:
    systems, _ = fleet_frames(220)
    html, _ = render(tmp_path, fleet_frames(220), meta)
    one = systems[systems["cdr_bytes"] > 1_000_000_000].iloc[0]
    assert f'title="{one["cdr_bytes"]:,} bytes, {one["cdr_rows"]:,} rows"' in html


def test_the_same_sweep_gives_the_same_bytes_in_another_process(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta
) -> None:
    """Neither the clock, the zone, the locale nor the order of hashes gets into a file."""
    frames = fleet_frames(220)
    render_sweep(tmp_path / "here", *frames, meta)
    (tmp_path / "input").write_bytes(pickle.dumps((*frames, meta)))
    script = "import pickle, sys, pathlib; from reports.render import render_sweep; " \
             "render_sweep(pathlib.Path(sys.argv[2]), *pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()))"
    environment = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", script, tmp_path / "input", tmp_path / "there"], env=environment, check=True)
    for name in sorted(FILES):
        digests = [hashlib.sha256((tmp_path / place / name).read_bytes()).hexdigest() for place in ("here", "there")]
        assert digests[0] == digests[1], name


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, fleet_frames: Frames, meta: SweepMeta
) -> None:
    systems, findings = fleet_frames(1)
    render_sweep(tmp_path, systems, findings, meta)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="fine"):
        render_sweep(tmp_path, systems.assign(verdict=pd.Series(["fine"], dtype="string")), findings, meta)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
