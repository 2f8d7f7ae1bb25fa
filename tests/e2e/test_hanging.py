"""Ten of 200 systems hang, each at another point: the sweep ends inside its limits and the other 190 are whole."""
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from deployments.lab import fleet, keys
from deployments.lab.layout import Layout
from deployments.lab.swarm import control
from tasks.model.answer import ContactState, Recording, Silence, Why
from tasks.model.sweep import Limits
from tasks.wire.sweep_folder import SweepFolder
from tests.operator_site import Site

pytestmark = pytest.mark.lab
HANGS = {
    7: "hang:banner",
    23: "hang:kex",
    41: "hang:auth",
    59: "hang:channel",
    77: "hang:all:identity",
    95: "hang:all:modules",
    113: "hang:question:mounts",
    131: "hang:question:dialplan",
    149: "hang:mysql",
    167: "slow:custom_files",
}
NOT_REACHED = {7, 23, 41}
STARTING_S = 60             # Prefect's server, judging and rendering on a busy machine


@pytest.fixture(scope="module")
def troubled(lab: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A swarm of its own beside the lab's, with the lab's databases."""
    directory = tmp_path_factory.mktemp("troubled")
    layout = Layout.of(directory)
    keys.write_home(layout)
    try:
        entries = control.start(directory, 200, list(lab.databases), faults=HANGS, network="127.199")
        fleet.write(layout.fleet, entries)
        yield Site(layout.fleet, layout.home)
    finally:
        control.stop(directory)


@pytest.fixture(scope="module")
def swept(troubled: Site, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    out = tmp_path_factory.mktemp("hanging") / "out"
    begin = time.monotonic()
    done = troubled.uplift("sweep", troubled.fleet, "--target", "7.2.0", "--out", out)
    assert done.returncode == 3, done.stderr
    return out, time.monotonic() - begin


def recordings(out: Path, home: Path) -> dict[int, Recording]:
    folder = SweepFolder(out, home)
    read = (recording for shard in range(folder.plan().shards) for recording in folder.recordings(shard))
    return {int(recording.system_id.removeprefix("swarm-")): recording for recording in read}


def test_the_sweep_ends_inside_its_limits(swept: tuple[Path, float], troubled: Site):
    out, elapsed_s = swept
    assert elapsed_s < Limits().total_s + STARTING_S
    assert max(recording.elapsed_s for recording in recordings(out, troubled.home).values()) <= Limits().total_s + 5


def test_the_other_190_are_whole(swept: tuple[Path, float], troubled: Site):
    told = recordings(swept[0], troubled.home)
    assert len(told) == 200
    for number in set(told) - set(HANGS):
        recording = told[number]
        answers = (recording.shell | recording.sql).items()
        silent = [name for name, answer in answers if isinstance(answer, Silence) and answer.why is not Why.DECLINED]
        assert recording.contact.state is ContactState.REACHED
        assert silent == []


def test_each_hanging_system_says_how_far_it_came_and_none_reads_as_ready(swept: tuple[Path, float], troubled: Site):
    told = recordings(swept[0], troubled.home)
    systems = pd.read_parquet(swept[0] / "systems.parquet").set_index("id")
    for number in HANGS:
        reached = told[number].contact.state is ContactState.REACHED
        assert reached is (number not in NOT_REACHED), (number, told[number].contact)
        assert systems.loc[f"swarm-{number:05}", "verdict"] != "ready", HANGS[number]
    summary = json.loads((swept[0] / "summary.json").read_text())
    assert summary["unreachable"] == len(NOT_REACHED)
