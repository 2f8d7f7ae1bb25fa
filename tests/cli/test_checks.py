"""`uplift checks`: what is looked at, in words, and the way to look at more."""
from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks.checks import all_checks

ROOT = Path(__file__).parents[2]


def cases_of_the_new_check(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-k", "voicemail_quota", "tests/checks"],
        cwd=tree, env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def style_of(file: Path) -> subprocess.CompletedProcess[bytes]:
    style = [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), str(file)]
    return subprocess.run(style, capture_output=True, check=False)


async def test_every_check_is_listed_and_explained(uplift: Any) -> None:
    listed = await uplift("checks", "list")
    described = (await uplift("checks", "list", "--json")).json
    assert [each["check_id"] for each in described] == [check.id for check in all_checks()]
    assert all(each["check_id"] in listed.out for each in described)
    first = all_checks()[0]
    told = await uplift("checks", "explain", first.id)
    assert told.code == 0
    said = " ".join(told.out.split())
    assert all(text in said for text in (first.reason, first.remedy, first.client_text))
    assert (await uplift("checks", "explain", first.id, "--json")).json["remedy"] == first.remedy


async def test_a_check_tells_its_releases_and_the_entries_of_the_profile_that_decide(uplift: Any) -> None:
    told = {each["check_id"]: each for each in (await uplift("checks", "list", "--json")).json}
    assert told["domain_name"]["releases"] == ["6.7.3"] and told["domain_name"]["editions"] == ["multi_tenant"]
    assert told["glocom_editions"]["releases"] == ["4.0.0"]
    assert told["cdr_table_size"]["profile"]["estimate.promised_downtime_s"] == 1800.0, "read by a function it calls"
    assert "hops" in told["supported_hop"]["profile"], "read by a method of the profile"
    assert told["host_key"]["profile"] == {} and told["host_key"]["waivable"] is False
    lab = (await uplift("checks", "explain", "cdr_table_size", "--profile", "lab", "--json")).json
    assert lab["profile"]["estimate.promised_downtime_s"] == 40.0
    said = (await uplift("checks", "explain", "domain_name")).out
    assert "Releases of the profile pbxware: 6.7.3" in said and 'settings.domain_name_key = "domain_name"' in said


async def test_a_new_check_holds_as_it_is_written(uplift: Any, tmp_path: Path) -> None:
    for name in ("tasks", "tests/checks", "deployments/profiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ended = await uplift("checks", "new", "voicemail_quota", "--tree", tmp_path)
    files = [tmp_path / "tasks/checks/voicemail_quota.py", tmp_path / "tests/checks/voicemail_quota.yaml"]
    assert (ended.code, ended.out.split()) == (0, list(map(str, files)))
    tested = await asyncio.to_thread(cases_of_the_new_check, tmp_path)
    assert tested.returncode == 0, tested.stdout
    assert "voicemail_quota: a disk that is full] PASSED" in tested.stdout
    assert (await asyncio.to_thread(style_of, files[0])).returncode == 0

    again = await uplift("checks", "new", "voicemail_quota", "--tree", tmp_path)
    assert again.code == 2 and "exists; choose another name" in again.err


@pytest.mark.parametrize("name", ["Voicemail", "../evil", "class", "a-b", "x" * 60])
async def test_what_is_no_name_for_a_check_is_refused(uplift: Any, name: str, tmp_path: Path) -> None:
    ended = await uplift("checks", "new", name, "--tree", tmp_path)
    assert ended.code == 2 and "is no name for a check" in ended.err
    assert files_in(tmp_path) == []


async def test_a_folder_without_the_project_is_refused(uplift: Any, tmp_path: Path) -> None:
    ended = await uplift("checks", "new", "fine", "--tree", tmp_path)
    assert ended.code == 2 and "is not a checkout of Uplift" in ended.err
