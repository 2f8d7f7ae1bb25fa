"""Real labs for the lab's own tests, each on a network of its own, and what this machine has left of one."""
from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.lab.container import processes
from deployments.lab.down import down
from deployments.lab.layout import Layout
from deployments.lab.pool import loop_devices, mount_points
from deployments.lab.spec import ApplianceSpec, Driver, Engine
from deployments.lab.up import Lab, up
from tasks.model.facts import Edition

SPECS = [
    ApplianceSpec(name="healthy"),
    ApplianceSpec(name="laden", rows=60_000, engine=Engine.MYISAM, calldate_index=False, did_column=False,
                  foreign_module=True, foreign_tables=True, plain_php=True, custom_scripts=True,
                  dialplan_uses=("Macro", "Monitor", "SIP"), broken_config=True),
    ApplianceSpec(name="tenants", sip_driver=Driver.PJSIP, edition=Edition.MULTI_TENANT, timezone="America/Chicago"),
    ApplianceSpec(name="full", disk_full=True),
    ApplianceSpec(name="rekeyed", changed_host_key=True, rows=100),
]


@dataclass(frozen=True)
class Shell:
    """OpenSSH's own client, as an engineer would use it."""

    home: Path

    def run(self, address: str, command: str, key: str = "inspect") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ssh", "-F", "none", "-p", "2020", "-i", self.home / "keys" / key, "-o", "IdentitiesOnly=yes",
             "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={self.home / 'known_hosts'}",
             "-o", "StrictHostKeyChecking=yes", f"root@{address}", command],
            capture_output=True, text=True, timeout=60, check=False,
        )

    def say(self, address: str, command: str) -> str:
        done = self.run(address, command)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One lab for all tests that only look at it: its appliances are SPECS, at 127.21.171.1 and on."""
    directory = tmp_path_factory.mktemp("lab")
    try:
        yield up(directory, SPECS, network=171)
    finally:
        down(directory)


@pytest.fixture(scope="session")
def shell(lab: Lab) -> Shell:
    return Shell(lab.home)


@pytest.fixture(scope="session")
def address(lab: Lab) -> dict[str, str]:
    return {record.name: record.address for record in lab.appliances}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder for a lab that a test brings up and down itself; taken down whatever the test does."""
    yield tmp_path / "lab"
    down(tmp_path / "lab")


@pytest.fixture
def left_of() -> Callable[[Path], list[str]]:
    return _left_of


def _left_of(directory: Path) -> list[str]:
    """Whatever a lab in ``directory`` still has on this machine: processes, mounts, loop devices, files."""
    layout = Layout.of(directory)
    left = [f"process {pid}" for pid in processes(layout)]
    left += [f"mount {point}" for point in mount_points() if point.is_relative_to(layout.root)]
    left += [f"loop device {device}" for device in loop_devices(layout.root)]
    return left + [f"file {path}" for path in directory.rglob("*")]
