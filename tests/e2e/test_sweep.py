"""A sweep of real systems, by the command that operators run: each trait is named by its check and by no other."""
from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tasks.model.answer import Recording
from tasks.wire.sweep_folder import SweepFolder
from tests.operator_site import APPLIANCES, UPLIFT, Site

pytestmark = pytest.mark.lab
ROOT = Path(__file__).parents[2]
VERDICTS = ("ready", "actions_needed", "blocked", "undetermined", "unreachable")
FILES = ("report.html", "report.xlsx", "systems.csv", "systems.parquet", "findings.parquet", "summary.json", "run.json")


@pytest.fixture(scope="module")
def swept(lab: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("swept") / "out"
    done = lab.uplift("sweep", lab.fleet, "--target", "7.2.0", "--out", out, "--json")
    assert done.returncode == 3, done.stderr        # the appliance with the changed key was not logged in to
    return out


def findings(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / "findings.parquet")


def test_it_leaves_the_files_that_others_depend_on_and_verdicts_that_sum_to_the_systems(swept: Path):
    summary = json.loads((swept / "summary.json").read_text())
    assert [name for name in FILES if not (swept / name).is_file()] == []
    assert summary["systems"] == len(APPLIANCES) + 200
    assert sum(summary[verdict] for verdict in VERDICTS) == summary["systems"]
    assert summary["unreachable"] == 1


@pytest.mark.parametrize(
    ("system", "check"),
    [
        ("full", "sufficient_space"),
        ("big", "cdr_table_size"),
        ("foreign", "foreign_module"),
        ("changed", "host_key"),
        ("healthy", None),
    ],
)
def test_each_trait_is_named_by_its_check_and_by_no_other(swept: Path, system: str, check: str | None):
    frame = findings(swept)
    told = frame[(frame.system_id == system) & frame.outcome.isin(["fail", "unknown"]) & (frame.severity != "info")]
    assert set(told.check_id) == ({check} if check else set()), told[["check_id", "subject", "summary"]].to_string()


def test_judging_again_gives_the_same_bytes(lab: Site, swept: Path):
    before = {name: (swept / name).read_bytes() for name in FILES}
    assert lab.uplift("judge", swept).returncode == 3
    assert [name for name in FILES if (swept / name).read_bytes() != before[name]] == []


def test_no_secret_of_a_system_is_stored(lab: Site, swept: Path):
    secrets = [database.password for database in lab.databases]
    records = lab.fleet.parent.glob("**/records/*.json")
    secrets += [json.loads(path.read_text())["database_password"] for path in records]
    stored = b"".join(path.read_bytes() for path in swept.rglob("*") if path.is_file())
    raw = "".join(recording.model_dump_json() for recording in recordings(swept, lab))
    assert len(secrets) > 3
    assert [secret for secret in secrets if secret and (secret.encode() in stored or secret in raw)] == []


def test_a_killed_sweep_goes_on_with_only_the_rest(lab: Site, tmp_path: Path):
    fleet = lab.narrowed(tmp_path, "swarm-")
    command = [UPLIFT, "sweep", fleet, "--target", "7.2.0", "--out", tmp_path / "out", "--concurrency", "8"]
    lines = tmp_path / "out/facts/shard-0000.jsonl"
    with subprocess.Popen(command, env=lab.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sweep:
        wait_for(lambda: lines.is_file() and lines.read_bytes().count(b"\n") >= 20)
        sweep.send_signal(signal.SIGKILL)
    before = {row.system_id: row.started_at for row in recordings(tmp_path / "out", lab)}
    assert 20 <= len(before) < 200

    again = lab.uplift("sweep", fleet, "--target", "7.2.0", "--out", tmp_path / "out")
    assert again.returncode == 2
    assert re.search(r"already holds a sweep.*--resume", again.stderr, re.DOTALL)

    done = lab.uplift("sweep", fleet, "--target", "7.2.0", "--out", tmp_path / "out", "--resume")
    assert done.returncode == 0, done.stderr
    stored = recordings(tmp_path / "out", lab)
    after = {row.system_id: row.started_at for row in stored}
    assert len(stored) == len(after) == 200
    assert {system: started for system, started in after.items() if system in before} == before


def recordings(out: Path, lab: Site) -> list[Recording]:
    folder = SweepFolder(out, lab.home)
    return [recording for shard in range(folder.plan().shards) for recording in folder.recordings(shard)]


def wait_for(condition, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def test_after_a_rule_is_mended_only_the_findings_that_should_change_do(lab: Site, swept: Path, tmp_path: Path):
    """Say that Macro is kept after all: the check is mended, and the stored sweep is judged again without a login."""
    tree, out = tmp_path / "tree", tmp_path / "out"
    for package in ("deployments", "flows", "reports", "tasks"):
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(swept, out)
    check = tree / "tasks/checks/dropped_applications.py"
    text = check.read_text()
    assert text.count('"app_macro": "Macro", ') == 1
    check.write_text(text.replace('"app_macro": "Macro", ', ""))
    judged = Site(lab.fleet, lab.home, environment={"PYTHONPATH": str(tree)}).uplift("judge", out)
    assert judged.returncode == 3, judged.stderr

    before, after = rows(swept), rows(out)
    gone, new = before - after, after - before
    assert {(row.check_id, row.subject, row.outcome) for row in gone} == {("dropped_applications", "Macro", "fail")}
    assert len(gone) == sum(row.subject == "Macro" for row in before) > 1
    # Where Macro was all that the check had found, the check now passes; nowhere else does anything change.
    others = {row.system_id for row in before - gone if row.check_id == "dropped_applications"}
    assert {row.system_id for row in new} == {row.system_id for row in gone} - others
    assert {(row.check_id, row.subject, row.outcome, row.summary) for row in new} == {
        ("dropped_applications", "system", "pass", "")
    }


def rows(out: Path) -> set[Any]:
    """Each finding as a row; an empty cell is equal to another one."""
    frame = findings(out).astype(object)
    return set(frame.where(frame.notna(), None).itertuples(index=False, name="Row"))
