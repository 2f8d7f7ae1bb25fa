"""`uplift trend` after two sweeps of a swarm that changed between them, both run and told by the command."""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.lab.keys import write_home
from deployments.lab.layout import Layout
from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm import control
from tests.cli.conftest import Uplift

SAME, MENDED, LOST = "swarm-00001", "swarm-00002", "swarm-00003"
UNREADABLE = "no_permission:mounts"


@dataclass(frozen=True)
class Swarm:
    """Three systems; no question goes to their database."""

    layout: Layout

    @property
    def fleet(self) -> Path:
        return self.layout.root / "fleet.yaml"

    def start(self, **faults: str) -> None:
        numbers = {int(name.removeprefix("of_")): fault for name, fault in faults.items()}
        nowhere = SwarmDatabase(name="small", address="127.23.217.1", port=1, user="pbxware", password="none")
        systems = control.start(self.layout.root, 3, [nowhere], faults=numbers, network="127.117")
        self.fleet.write_text(json.dumps({"systems": systems}))

    async def sweep(self, name: str) -> None:
        out = self.layout.home / "sweeps" / name
        uplift = Uplift(self.layout.home, within_s=240)
        swept = await uplift("sweep", self.fleet, "--target", "7.2.0", "--no-mysql", "--out", out)
        assert "Traceback" not in swept.err and swept.code in (0, 3), swept.err


@pytest.fixture
def swarm(tmp_path: Path) -> Iterator[Swarm]:
    layout = Layout.of(tmp_path / "lab")
    layout.root.mkdir()
    write_home(layout)
    yield Swarm(layout)
    control.stop(layout.root)


async def test_what_changed_between_two_sweeps_is_told_in_a_table_and_as_json(swarm: Swarm) -> None:
    uplift = Uplift(swarm.layout.home)
    swarm.start(of_2=UNREADABLE)
    await swarm.sweep("monday")
    swarm.start(of_3="deny")
    await swarm.sweep("tuesday")
    told = await uplift("trend", swarm.fleet, "--json")
    systems = {system["id"]: system for system in told.json["systems"]}
    assert told.code == 0 and len(told.json["compared_with"]) == 1 and told.json["counts"]["first_seen"] == 0
    assert systems[SAME]["turned"] == "same" and systems[SAME]["new"] == systems[SAME]["gone"] == []
    assert systems[LOST]["turned"] == "unreachable" and systems[LOST]["verdict"] == "unreachable"
    assert any("sufficient_space" in gone for gone in systems[MENDED]["gone"]) and systems[MENDED]["new"] == []

    printed = await uplift("trend", swarm.fleet)
    assert printed.code == 0 and told.json["sweep_id"] in printed.out
    assert LOST in printed.out and MENDED in printed.out and SAME not in printed.out
    assert "can no longer be reached" in printed.out and "sufficient_space" in printed.out


async def test_a_fleet_that_was_never_swept_is_told_so_in_one_sentence(swarm: Swarm) -> None:
    swarm.start()
    told = await Uplift(swarm.layout.home)("trend", swarm.fleet)
    assert told.code == 2 and told.out == ""
    assert "holds no complete sweep" in told.err and "run `uplift sweep` first" in told.err    # its folder is not there
    assert len(told.err.strip().splitlines()) == 1
    (swarm.layout.home / "sweeps").mkdir()
    empty = await Uplift(swarm.layout.home)("trend", swarm.fleet)
    assert (empty.code, empty.out) == (2, "") and "holds no complete sweep; run `uplift sweep` first" in empty.err
