"""The matrix of kills: a sweep killed at a random moment goes on with only the rest, however often it is killed."""
from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tasks.wire.sweep_folder import SweepFolder
from tests.operator_site import UPLIFT, Site

SEED = int(os.environ.get("UPLIFT_PROVE_SEED", "1"))
POINTS = min(int(os.environ.get("UPLIFT_PROVE_POINTS", "20")), 20)
STARTS_WITHIN_S = 120.0
LONGEST_S = 8.0             # from the first visit: visiting, judging and rendering take about as long
pytestmark = [pytest.mark.prove, pytest.mark.lab]


@pytest.mark.parametrize("point", range(POINTS))
def test_a_killed_sweep_is_complete_after_resuming_and_visits_no_system_twice(lab: Site, tmp_path: Path, point: int):
    chance = random.Random(f"{SEED}/{point}")
    fleet = lab.narrowed(tmp_path, "swarm-")
    out = tmp_path / "out"
    width = str(chance.choice((4, 16, 50)))
    words = [UPLIFT, "sweep", fleet, "--target", "7.2.0", "--out", out, "--concurrency", width]
    seen: dict[str, str] = {}
    for _ in range(chance.choice((1, 2))):
        again = [*words, "--resume"] if (out / "run.json").exists() else words
        _killed(again, lab.env, out / "facts", chance.uniform(0, LONGEST_S))
        for system, started in stored(out, lab.home).items():
            assert seen.setdefault(system, started) == started, f"{system} was visited twice"
    done = lab.uplift(*words[1:], *(["--resume"] if (out / "run.json").exists() else []))
    assert done.returncode == 0, done.stderr
    final = stored(out, lab.home)
    assert len(final) == len(lab.entries("swarm-"))
    assert {system: final[system] for system in seen} == seen
    summary = json.loads((out / "summary.json").read_text())
    assert summary["systems"] == len(final)
    assert not list((out / "facts").glob("shard-*.jsonl"))


def stored(out: Path, home: Path) -> dict[str, str]:
    """Each whole recording's system and start; raises where a system is stored twice."""
    folder = SweepFolder(out, home)
    shards = range(folder.plan().shards) if folder.exists else range(0)
    rows = [row for shard in shards for row in (
        folder.recordings(shard) if folder.is_sealed(shard) else folder._lines(shard))]
    found = {row.system_id: row.started_at.isoformat() for row in rows}
    assert len(found) == len(rows)
    return found


def _killed(words: list[object], env: dict[str, str], facts: Path, after_s: float) -> None:
    """Run the command and kill -9 it a while after its first visit, if it has not ended by then."""
    before = _sizes(facts)
    command = subprocess.Popen(
        [str(word) for word in words], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + STARTS_WITHIN_S
    while command.poll() is None and _sizes(facts) == before and time.monotonic() < until:
        time.sleep(0.05)
    try:
        command.wait(after_s)
    except subprocess.TimeoutExpired:
        command.send_signal(signal.SIGKILL)
        command.wait()
    time.sleep(0.2)             # the kernel ends the Prefect server with it


def _sizes(facts: Path) -> dict[str, int]:
    """What the shards hold: it changes with the first visit."""
    return {path.name: path.stat().st_size for path in facts.glob("shard-*") if path.stat().st_size}
