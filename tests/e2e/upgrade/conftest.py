"""A real appliance for upgrades: made once, and put back to its first state before each test."""
from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from deployments.lab import snapshots, upgrade_faults
from deployments.lab.container import Container
from deployments.lab.down import down
from deployments.lab.layout import Layout
from deployments.lab.record import Record, records
from deployments.lab.spec import ApplianceSpec
from deployments.lab.up import up
from deployments.lab.upgrade_faults import Fault
from tasks.model.call import CallPlan, CallResult, SipAccount
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.model.upgrade import Launch, UpgradeStatus
from tasks.wire import upgrader
from tasks.wire.profile_file import load_profile
from tasks.wire.sip.caller import place

NETWORK, NAME, FRESH = 61, "pbx1", "fresh"
RUN = "C-1:upgrade:1:1"
TARGET = Release.parse("7.2.0")


@dataclass(frozen=True)
class Appliance:
    layout: Layout
    record: Record
    profile: Profile

    @property
    def box(self) -> Container:
        return Container(self.layout, NAME, self.record.rootfs(self.layout))

    def sql(self, query: str) -> str:
        return self.box.run("/opt/pbxware/sh/mysql", "-N", "-e", query).strip()

    def asterisk(self, command: str) -> str:
        return self.box.run("/opt/pbxware/sh/asterisk", "-rx", command).strip()

    def faults(self, *faults: Fault) -> None:
        upgrade_faults.put(self.layout, NAME, *faults)

    def clear(self) -> None:
        upgrade_faults.clear(self.layout, NAME)

    def boot(self) -> None:
        snapshots.boot(self.layout, NAME)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[asyncssh.SSHClientConnection]:
        async with asyncssh.connect(
            self.record.address, 2020, username="root", client_keys=[self.layout.home / "keys/change"],
            known_hosts=str(self.layout.home / "known_hosts"), config=None, agent_path=None,
        ) as connection:
            yield connection

    async def launch(self, run: str = RUN, token: int = 1) -> Launch:
        async with self.connect() as connection:
            return await upgrader.launch(connection, self.profile, run, token, TARGET, case_id="C-1")

    async def resume(self, token: int = 1) -> Launch:
        async with self.connect() as connection:
            return await upgrader.resume(connection, self.profile, RUN, token, TARGET, case_id="C-1")

    async def status(self, run: str = RUN) -> UpgradeStatus:
        async with self.connect() as connection:
            return await upgrader.status(connection, self.profile, run)

    async def until(self, kind: str, stage: str | None = None, limit_s: float = 60.0) -> UpgradeStatus:
        end = asyncio.get_running_loop().time() + limit_s
        while asyncio.get_running_loop().time() < end:
            seen = await self.status()
            if seen.state.kind == kind and (stage is None or seen.state.stage == stage):
                return seen
            if seen.over:
                break
            await asyncio.sleep(0.3)
        raise AssertionError(f"not {kind} {stage or ''}: {seen} {self.log()}")

    async def lifted(self) -> UpgradeStatus:
        """The state once the runner has taken its fence away, which is its last act, after the exit code."""
        for _ in range(30):
            if (seen := await self.status()).evidence.fence is None:
                return seen
            await asyncio.sleep(0.1)
        raise AssertionError(f"the fence stays: {seen}")

    async def call(self, number: str, user: str = "101") -> CallResult:
        """Numbers with a leading 9 go over the trunk to the carrier, which gives back what it hears."""
        account = SipAccount(host=self.record.address, user=user, secret=self.record.extensions[user])
        return await place(CallPlan(
            account=account, number=number, agreed_numbers=frozenset({number}), country="GB", talk_s=1.0,
            limits={"register_budget_s": 0, "answer_s": 5.0},
        ))

    def log(self, run: str = RUN) -> str:
        path = self.box.rootfs / f"opt/pbxware/upgrade/{run}/log"
        return path.read_text() if path.exists() else ""

    async def by_hand(self, run: str) -> None:
        """An engineer starts the platform's upgrader and leaves it there."""
        self.box.run("bash", "-c", f"setsid /opt/pbxware/sh/upgrade {run} </dev/null >/dev/null 2>&1 &")
        for _ in range(200):
            if self.starts(run):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{run} does not begin")

    def starts(self, run: str = RUN) -> int:
        """How often the platform's upgrader began its first stage."""
        path = self.box.rootfs / f"opt/pbxware/upgrade/{run}/stages"
        return sum(line.endswith(" unpack") for line in path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture(scope="session")
def lab() -> Iterator[Appliance]:
    directory = Path(tempfile.mkdtemp(prefix="uplift-upgrade-", dir="/var/tmp"))
    try:
        made = up(directory, [ApplianceSpec(name=NAME, custom_scripts=True)], network=NETWORK)
        layout = Layout.of(made.directory)
        appliance = Appliance(layout, records(layout)[NAME], load_profile("lab"))
        snapshots.snapshot(layout, NAME, FRESH)
        yield appliance
    finally:
        down(directory)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def appliance(lab: Appliance) -> Appliance:
    """The appliance as it was on its first day, whatever the test before did to it."""
    lab.clear()
    snapshots.restore(lab.layout, NAME, FRESH)
    lab.boot()
    return lab
