"""Snapshots, clones and restores of an appliance, repeated and killed at any moment."""
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from deployments.lab import snapshots
from deployments.lab.trouble import LabError

pytestmark = pytest.mark.lab
ROWS = "SELECT COUNT(*) FROM cdr"


@pytest.fixture
def spare(appliance) -> Iterator[str]:
    """A label that is not kept."""
    yield "spare"
    snapshots.delete(appliance.layout, "spare")


def test_a_snapshot_of_a_running_appliance_is_what_a_restore_brings_back(appliance, spare: str) -> None:
    layout = appliance.layout
    machine = appliance.box.run("cat", "/etc/machine-id")
    snapshots.snapshot(layout, "pbx1", spare)
    snapshots.snapshot(layout, "pbx1", spare)
    assert [(each.name, each.label) for each in snapshots.listed(layout)] == [("pbx1", "fresh"), ("pbx1", spare)]
    appliance.sql("DELETE FROM cdr")
    snapshots.snapshot(layout, "pbx1", spare)           # it is not taken anew: it is there
    snapshots.restore(layout, "pbx1", spare)
    snapshots.boot(layout, "pbx1")
    assert appliance.sql(ROWS) == "20000"
    assert appliance.box.run("cat", "/etc/machine-id") == machine
    snapshots.delete(layout, spare)
    snapshots.delete(layout, spare)
    assert [each.label for each in snapshots.listed(layout)] == ["fresh"]


def test_a_clone_runs_beside_its_original_and_goes_alone(appliance, spare: str) -> None:
    layout = appliance.layout
    trial = snapshots.clone(layout, "pbx1", spare)
    assert not trial.running()
    assert snapshots.clone(layout, "pbx1", spare) == trial
    trial.start()
    trial.wait("Asterisk", "/opt/pbxware/sh/asterisk", "-rx", "core waitfullybooted")
    trial.run("/opt/pbxware/sh/mysql", "-e", "DELETE FROM cdr")
    assert appliance.sql(ROWS) == "20000"
    assert snapshots.clones(layout) == (spare,)
    snapshots.delete(layout, spare)
    assert snapshots.clones(layout) == ()
    assert appliance.box.running()


def test_what_cannot_be_is_said_in_one_sentence(appliance) -> None:
    layout = appliance.layout
    with pytest.raises(LabError, match="there is no snapshot never of pbx1; take one first"):
        snapshots.restore(layout, "pbx1", "never")
    with pytest.raises(LabError, match="nobody is not a system of this lab"):
        snapshots.snapshot(layout, "nobody", "x")
    with pytest.raises(LabError, match="fresh is a snapshot of pbx1 already"):
        snapshots.snapshot(layout, "carrier", "fresh")
    with pytest.raises(LabError, match="is a system of this lab"):
        snapshots.clone(layout, "pbx1", "carrier")
    snapshots.delete(layout, "pbx1")
    assert appliance.box.running()


@pytest.mark.prove
def test_a_restore_killed_at_any_moment_is_finished_by_the_next(appliance) -> None:
    """The appliance has its old state or the new one at every moment, and never none."""
    layout, chance = appliance.layout, random.Random(6)
    code = (
        "import sys; from pathlib import Path; from deployments.lab import snapshots; "
        "from deployments.lab.layout import Layout; print('go', flush=True); "
        "snapshots.restore(Layout.of(Path(sys.argv[1])), 'pbx1', 'fresh', start=False)"
    )
    for _ in range(8):
        (appliance.box.rootfs / "etc/lab/changed").touch()
        with subprocess.Popen([sys.executable, "-c", code, layout.root], stdout=subprocess.PIPE,
                              start_new_session=True) as restoring:
            assert restoring.stdout is not None
            restoring.stdout.readline()
            time.sleep(chance.random() * 0.25)
            os.killpg(restoring.pid, signal.SIGKILL)
        assert (appliance.box.rootfs / "usr/sbin/lab-init").exists()
    snapshots.restore(layout, "pbx1", "fresh")
    assert not (appliance.box.rootfs / "etc/lab/changed").exists()
    assert list((layout.pool / "restoring").iterdir()) == []
    snapshots.boot(layout, "pbx1")
    assert appliance.sql(ROWS) == "20000"
