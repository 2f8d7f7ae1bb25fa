"""A lab folder with keys, a real MariaDB for the tunnels, and swarms that are gone after their test."""
from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from deployments.lab.cdr import Calls, account, schema, seeding
from deployments.lab.keys import write_home
from deployments.lab.layout import Layout
from deployments.lab.rhythm import hours
from deployments.lab.spec import Cdr, SwarmDatabase
from deployments.lab.swarm import control
from tasks.model.answer import Recording
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.sweep import Limits
from tasks.wire.credentials import Credential, Credentials
from tasks.wire.known_hosts import KnownHosts
from tasks.wire.ssh import Login
from tasks.wire.visit import visit

NETWORK = "127.39"              # apart from a lab that may be up on this machine
DATABASE_ADDRESS = "127.23.239.1"
PASSWORD = "a password with 'quotes' and \\"
CALLS = 3_000


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def profile() -> Profile:
    text = Path("deployments/profiles/lab.yaml").read_text()
    return Profile.model_validate(yaml.safe_load(text))


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwarmDatabase]:
    """A private MariaDB with the lab's schema and some calls."""
    folder = tmp_path_factory.mktemp("mariadb")
    data, control_socket = folder / "data", f"/tmp/{folder.name}-{folder.stat().st_ino}.sock"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
         "--skip-test-db", "--innodb-log-file-size=4M"],
        check=True, capture_output=True,
    )
    port = free_port(DATABASE_ADDRESS)
    server = subprocess.Popen(
        ["mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", f"--socket={control_socket}",
         f"--bind-address={DATABASE_ADDRESS}", f"--port={port}", "--innodb-buffer-pool-size=32M",
         "--skip-log-bin", "--skip-name-resolve", f"--log-error={folder / 'log'}", f"--pid-file={folder / 'pid'}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    calls = Calls(Cdr(rows=CALLS))
    spread = hours(CALLS, datetime.now(UTC), ZoneInfo("UTC"))
    sql = "\n".join((schema(calls), account("pbxware", PASSWORD), *(chunk.sql for chunk in seeding(calls, spread))))
    try:
        until = time.monotonic() + 30
        while not Path(control_socket).exists() and time.monotonic() < until:
            time.sleep(0.05)
        subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={control_socket}", "-uroot"],
            input=sql, text=True, check=True, capture_output=True,
        )
        yield SwarmDatabase("small", DATABASE_ADDRESS, port, "pbxware", PASSWORD)
    finally:
        server.terminate()
        server.wait(30)


@dataclass
class RunningSwarm:
    """A swarm, and the real client with the lab's keys."""

    directory: Path
    entries: list[dict[str, Any]]
    profile: Profile
    credential: Credential

    @property
    def layout(self) -> Layout:
        return Layout.of(self.directory)

    @property
    def pid(self) -> int:
        return int((self.layout.swarm / "PID").read_text().split()[0])

    def login(self, system: System) -> Login:
        known = KnownHosts.load(self.layout.home / "known_hosts")
        return Login.of(self.credential, known.trusted_keys(system.ssh.host, system.ssh.port))

    async def visit(self, number: int, limits: Limits | None = None, *, mysql: bool = True) -> Recording:
        system = System.model_validate(self.entries[number - 1])
        return await visit(
            system, self.profile, self.login(system), limits=limits or Limits(), mysql=mysql,
            now=lambda: datetime.now(UTC),
        )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Path]:
    """An empty lab folder with its keys. The swarm in it ends with the test, and had nothing to complain about."""
    with lab_in(tmp_path):
        yield tmp_path


@contextmanager
def lab_in(directory: Path) -> Iterator[None]:
    write_home(Layout.of(directory))
    log = Layout.of(directory).swarm / "log"
    try:
        yield
        assert not log.exists() or log.read_text() == ""
    finally:
        control.stop(directory)


def run_swarm(
    lab: Path, database: SwarmDatabase, profile: Profile, count: int, faults: dict[int, str] | None = None, **more: Any
) -> RunningSwarm:
    more.setdefault("port", free_port(f"{NETWORK}.0.1"))
    entries = control.start(lab, count, [database], faults=faults, network=NETWORK, **more)
    credential = Credentials.load(Layout.of(lab).home / "credentials.yaml").resolve("inspect")
    return RunningSwarm(lab, entries, profile, credential)


StartSwarm = Callable[..., RunningSwarm]


@pytest.fixture
def start_swarm(lab: Path, database: SwarmDatabase, profile: Profile) -> StartSwarm:
    return partial(run_swarm, lab, database, profile)


FAULTS = (
    "hang:banner", "hang:kex", "hang:auth", "hang:channel", "hang:question:mounts", "hang:all:mounts", "hang:mysql",
    "refuse", "drop:mounts", "changed_key", "deny", "flood:modules", "non_utf8:mounts", "slow:platform", "latency:300",
    "mysql_gone", "mysql_lost", "mysql_slow:600", "wrong_login", "no_permission:mounts",
    "no_permission:database_credentials", "gzip_bomb:configuration_errors",
)
LIMITS = Limits(connect_s=2.0, login_s=3.0, shell_s=12.0, sql_s=4.0, total_s=20.0, max_bytes=1_000_000)


@pytest.fixture(scope="session")
def faulty(
    tmp_path_factory: pytest.TempPathFactory, database: SwarmDatabase, profile: Profile
) -> Iterator[dict[str, Recording]]:
    """One swarm in which every second system has a fault, visited all at once; "healthy 1" and so on stand between."""
    directory = tmp_path_factory.mktemp("faulty")
    with lab_in(directory):
        swarm = run_swarm(
            directory, database, profile, 2 * len(FAULTS),
            {2 * place: fault for place, fault in enumerate(FAULTS, 1)},
        )

        async def visit_all() -> list[Recording]:
            return await asyncio.gather(*(swarm.visit(number, LIMITS) for number in range(1, 2 * len(FAULTS) + 1)))

        recordings = asyncio.run(visit_all())
        healthy = {f"healthy {place}": recording for place, recording in enumerate(recordings[::2], 1)}
        yield dict(zip(FAULTS, recordings[1::2], strict=True)) | healthy
