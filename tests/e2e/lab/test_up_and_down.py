"""A lab comes up, stays up, comes up again after any death, and leaves nothing behind."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.lab.addresses import Addresses
from deployments.lab.container import Container, Network
from deployments.lab.down import down
from deployments.lab.layout import Layout
from deployments.lab.pool import clone
from deployments.lab.spec import ApplianceSpec
from deployments.lab.status import State, status
from deployments.lab.trouble import LabError
from deployments.lab.up import Lab, up

pytestmark = pytest.mark.lab
Left = Callable[[Path], list[str]]
SMALL = ApplianceSpec(rows=500)
UPLIFT = Path(sys.executable).with_name("uplift")
MACHINE_ID = ("cat", "/etc/machine-id")


def box(lab: Lab, name: str = "pbx1") -> Container:
    layout = Layout.of(lab.directory)
    return Container(layout, name, layout.systems / name)


def states(place: Path) -> dict[str, State]:
    return {system.name: system.state for system in status(place).systems}


def test_down_leaves_no_process_mount_loop_device_or_file(place: Path, left_of: Left) -> None:
    up(place, [SMALL, SMALL.model_copy(update={"disk_full": True})], swarm=20, network=172)
    assert len([what for what in left_of(place) if what.startswith("mount")]) == 2
    assert set(states(place).values()) == {State.RUNNING}
    assert status(place).swarm == 20
    assert down(place)
    assert left_of(place) == []
    assert not place.exists()
    assert not down(place)


def test_up_twice_changes_nothing(place: Path) -> None:
    first = up(place, [SMALL], network=172)
    machine, log = box(first).run(*MACHINE_ID), box(first).run("asterisk", "-rx", "core show uptime seconds")
    fleet, known = first.fleet.read_text(), (first.home / "known_hosts").read_text()
    second = up(place, [SMALL], network=172)
    assert second == first
    assert box(second).run(*MACHINE_ID) == machine
    again = box(second).run("asterisk", "-rx", "core show uptime seconds")
    assert int(again.split()[2]) >= int(log.split()[2])
    assert (second.fleet.read_text(), (second.home / "known_hosts").read_text()) == (fleet, known)


def test_up_makes_anew_only_what_is_wanted_otherwise(place: Path) -> None:
    first = up(place, [SMALL, SMALL], network=172)
    kept, changed = box(first, "pbx1").run(*MACHINE_ID), box(first, "pbx2").run(*MACHINE_ID)
    second = up(place, [SMALL, SMALL.model_copy(update={"plain_php": True})], network=172)
    assert box(second, "pbx1").run(*MACHINE_ID) == kept
    assert box(second, "pbx2").run(*MACHINE_ID) != changed
    up(place, [SMALL], network=172)
    assert set(states(place)) == {"carrier", "pbx1"}


def test_appliances_may_change_places(place: Path) -> None:
    one, other = (SMALL.model_copy(update={"name": name}) for name in ("one", "other"))
    up(place, [one, other], network=172)
    lab = up(place, [other, one], network=172)
    assert [record.name for record in lab.appliances] == ["other", "one"]
    assert {system.name: system.address for system in status(place).systems}["one"] == "127.21.172.2"
    assert set(states(place).values()) == {State.RUNNING}


def test_a_new_base_image_makes_everything_anew(place: Path) -> None:
    before = box(up(place, [SMALL], network=172)).run(*MACHINE_ID)
    (place / "pool.key").write_text("an older base")
    after = box(up(place, [SMALL], network=172)).run(*MACHINE_ID)
    assert before != after
    assert set(states(place).values()) == {State.RUNNING}


def test_an_appliance_that_was_stopped_comes_up_as_it_was(place: Path) -> None:
    lab = up(place, [SMALL], network=172)
    machine = box(lab).run(*MACHINE_ID)
    box(lab).stop()
    assert states(place)["pbx1"] is State.STOPPED
    up(place, [SMALL], network=172)
    assert box(lab).run(*MACHINE_ID) == machine
    assert "Asterisk 16." in box(lab).run("asterisk", "-rx", "core show version")
    assert box(lab).run("/opt/pbxware/sh/mysql", "-N", "-e", "SELECT COUNT(*) FROM cdr").strip() == "500"


@pytest.mark.prove
@pytest.mark.parametrize(("moment", "then"), [
    ("pool.new", "up"), ("pool.new", "down"), ("pool/base", "up"), ("records/carrier.json", "up"),
    ("lxc/pbx1/config", "up"), ("disks/pbx2.img", "up"), ("disks/pbx2.img", "down"), ("swarm/config.json", "down"),
])
def test_an_up_that_was_killed_can_be_repeated_or_taken_down(
    place: Path, moment: str, then: str, left_of: Left
) -> None:
    code = (
        "import sys; from pathlib import Path; from deployments.lab.up import up; "
        "from deployments.lab.spec import ApplianceSpec as A; "
        "up(Path(sys.argv[1]), [A(rows=500), A(rows=500, disk_full=True)], swarm=int(sys.argv[2]), network=172)"
    )
    simulated = "5" if moment.startswith("swarm") else "0"
    process = subprocess.Popen([sys.executable, "-c", code, str(place), simulated], start_new_session=True)
    while not (place / moment).exists():
        assert process.poll() is None, f"up ended before {moment} was there"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if then == "up":
        lab = up(place, [SMALL, SMALL], network=172)
        assert set(states(place).values()) == {State.RUNNING}
        assert box(lab, "pbx2").run("/opt/pbxware/sh/mysql", "-N", "-e", "SELECT COUNT(*) FROM cdr").strip() == "500"
    down(place)
    assert left_of(place) == []


def test_two_labs_live_side_by_side_and_one_goes_alone(place: Path, tmp_path: Path, left_of: Left) -> None:
    other = tmp_path / "other"
    try:
        up(place, [SMALL], network=172)
        lab = up(other, [SMALL], network=173)
        down(place)
        assert left_of(place) == []
        assert set(states(other).values()) == {State.RUNNING}
        assert "Asterisk 16." in box(lab).run("asterisk", "-rx", "core show version")
    finally:
        down(other)


def test_a_taken_address_is_told_and_nothing_of_its_owner_is_touched(place: Path, tmp_path: Path) -> None:
    up(place, [SMALL], network=172)
    with pytest.raises(LabError, match=r"127\.2[12]\.172\.1:\d+ is taken .*choose another --network"):
        up(tmp_path / "second", [SMALL], network=172)
    assert status(tmp_path / "second").systems == ()
    assert down(tmp_path / "second")
    assert set(states(place).values()) == {State.RUNNING}


def test_a_sealed_clone_boots_beside_its_original_with_the_same_address(place: Path, left_of: Left) -> None:
    lab = up(place, [SMALL], network=172)
    layout = Layout.of(lab.directory)
    clone(layout.systems / "pbx1", layout.snapshots / "pbx1" / "before", read_only=True)
    clone(layout.snapshots / "pbx1" / "before", layout.systems / "trial")
    trial = Container(layout, "trial", layout.systems / "trial")
    trial.write_config(Network.SEALED)
    trial.start()
    trial.wait("Asterisk", "/opt/pbxware/sh/asterisk", "-rx", "core waitfullybooted")
    assert trial.run(*MACHINE_ID) == box(lab).run(*MACHINE_ID)
    sql = ("/opt/pbxware/sh/mysql", "-N", "-e")
    trial.run(*sql, "DELETE FROM cdr")
    assert trial.run(*sql, "SELECT COUNT(*) FROM cdr").strip() == "0"
    assert box(lab).run(*sql, "SELECT COUNT(*) FROM cdr").strip() == "500"
    down(place)
    assert left_of(place) == []


def test_the_commands_of_uplift_lab(place: Path, tmp_path: Path, left_of: Left) -> None:
    def uplift(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [UPLIFT, "lab", *words], capture_output=True, text=True, check=False
        )

    spec = tmp_path / "spec.yaml"
    spec.write_text("appliances:\n- {name: first, rows: 300}\n")
    made = uplift("up", "--dir", str(place), "--spec", str(spec), "--appliances", "2", "--network", "172")
    assert made.returncode == 0, made.stderr
    told = json.loads(uplift("status", "--dir", str(place), "--json").stdout)
    assert {system["name"] for system in told["systems"]} == {"carrier", "first", "pbx2"}
    assert uplift("down", "--dir", str(place)).returncode == 0
    assert left_of(place) == []


@pytest.mark.parametrize(("text", "said"), [
    ("appliances:\n- {rows: many}\n", "appliances.0.rows"),
    ("appliances:\n- {nmae: x}\n", "appliances.0.nmae"),
    ("appliances:\n- {name: a}\n- {name: a}\n", "two appliances are named 'a'"),
    ("appliances: [", "not YAML"),
])
def test_a_broken_spec_is_told_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(text)
    done = subprocess.run(
        [UPLIFT, "lab", "up", "--dir", str(tmp_path / "l"), "--spec", str(spec)],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "l").exists()


def test_networks_do_not_overlap() -> None:
    places = [
        {each.appliance(1), each.carrier, each.database(1), each.swarm} for each in (Addresses(0), Addresses(1))
    ]
    assert places[0].isdisjoint(places[1])
