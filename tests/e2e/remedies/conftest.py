"""A real appliance with a foreign module and a crashed table: where remedies are carried out, and cases of it."""
from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from deployments.lab.container import Container
from deployments.lab.down import down
from deployments.lab.knob import Appliance
from deployments.lab.knobs.damaged_table import running as damage
from deployments.lab.layout import Layout
from deployments.lab.spec import ApplianceSpec
from deployments.lab.up import Lab, up
from tasks.model import event as e
from tasks.model.case import Case, Decision, How, State, Step
from tasks.model.event import Event
from tasks.model.preview import Preview
from tasks.model.release import Release
from tasks.steps.case_site import Site
from tasks.steps.intake import open_ticket
from tasks.steps.run_step import run_step
from tasks.steps.tend import tend_once
from tasks.wire.case_folder import CaseFolder
from tasks.wire.remedies.remedy import Ground, Sight
from tasks.wire.store import Store

NETWORK, NAME = 114, "acme"
TARGET = Release.parse("7.2.0")
RECORDINGS, TEMPORARY, HELD = "/srv/monitor", "/srv/temporary", "/etc/legal-hold"
REMEDIES = {
    "temporary": {"folders": [TEMPORARY], "older_days": 7},
    "recordings": {"folders": [RECORDINGS], "retention_days": 365, "hold_patterns": ["*-court-*"], "hold_list": HELD},
    "batch_files": 2,
}


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    directory = Path(tempfile.mkdtemp(prefix="uplift-remedies-", dir="/var/tmp"))
    spec = ApplianceSpec(name=NAME, rows=2_000, knobs=("foreign_module", "damaged_table"))
    try:
        made = up(directory, [spec], network=NETWORK)
        fleet = yaml.safe_load(made.fleet.read_text())
        fleet["systems"][0].setdefault("overrides", {})["remedies"] = REMEDIES
        made.fleet.write_text(yaml.safe_dump(fleet))
        yield made
    finally:
        down(directory)
        shutil.rmtree(directory, ignore_errors=True)


async def _always() -> None:
    return None


@dataclass
class Place:
    """The appliance, and the hands of everybody who has to do with a case of it."""

    lab: Lab = field(repr=False)
    store: Store
    case_id: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def box(self) -> Container:
        layout, record = Layout.of(self.lab.directory), self.lab.appliances[0]
        return Container(layout, record.name, record.rootfs(layout))

    def shell(self, script: str) -> str:
        return self.box.run("/bin/sh", "-c", script)

    @property
    def appliance(self) -> Appliance:
        return Appliance(self.box, self.lab.appliances[0], ApplianceSpec(name=NAME))

    def sound(self) -> None:
        """Put the table queues in order."""
        self.appliance.sql(
            "DROP TABLE IF EXISTS pbxware.queues; CREATE TABLE pbxware.queues (id INT PRIMARY KEY, name VARCHAR(20)) "
            "ENGINE=InnoDB; INSERT INTO pbxware.queues VALUES (1, 'sales'), (2, 'support');"
        )

    def damaged(self) -> None:
        """Crash it anew."""
        self.sound()
        damage(self.appliance)

    def sql(self, query: str) -> str:
        return self.box.run("/opt/pbxware/sh/mysql", "-N", "-e", query).strip()

    @property
    def site(self) -> Site:
        return Site.named(self.lab.fleet, NAME, self.lab.home)

    @property
    def machine_id(self) -> str:
        return self.shell("cat /etc/machine-id").strip()

    @asynccontextmanager
    async def sight(self, *subjects: str, ref: str = "trial") -> AsyncIterator[Sight]:
        site = self.site
        async with site.connected() as connection:
            yield Sight(connection, site.system, site.profile, "C-0", subjects, (), self.folder, datetime.now(UTC), ref)

    @property
    def folder(self) -> CaseFolder:
        folder = CaseFolder(self.lab.home, "C-0")
        if not folder.path.exists():
            folder.create(self.lab.fleet)
        return folder

    @asynccontextmanager
    async def ground(
        self, action: str, *subjects: str, agreed: Preview | None = None, **changed: object
    ) -> AsyncIterator[Ground]:
        site = self.site

        async def progress(text: str) -> None:
            self.lines.append(text)

        async with site.connected(change=True) as connection:
            made = Ground(
                connection, site.system, site.profile, "C-0", action, self.newest(), self.machine_id, subjects, (),
                self.folder, datetime.now(UTC), _always, progress, agreed,
            )
            yield replace(made, **changed)  # type: ignore[arg-type]

    def newest(self) -> int:
        """The newest fencing token that the system has seen, or 1."""
        return int(self.shell("cat /var/lib/uplift/token 2>/dev/null || echo 1").strip() or 1)

    @property
    def case(self) -> Case:
        return self.store.case(self.case_id)

    def small_disk(self) -> Path:
        """A fleet file by which the disk is too small for the upgrade, whatever is deleted from it."""
        fleet = yaml.safe_load(self.lab.fleet.read_text())
        fleet["systems"][0]["overrides"]["space"] = {"release_bytes": 10**15}
        path = self.lab.fleet.with_name("small-disk.yaml")
        path.write_text(yaml.safe_dump(fleet))
        return path

    def open(self, order: str, fleet: Path | None = None) -> None:
        self.case_id = open_ticket(
            self.store, home=self.lab.home, fleet=fleet or self.lab.fleet, system_id=NAME, target=TARGET,
            order_ref=order, by="the store",
        )[0].id

    def say(self, event: Event) -> Case:
        moved = self.store.record(self.case_id, event)
        assert isinstance(moved, Case), str(moved)
        return moved

    async def tend(self, until: State) -> Case:
        async def start(case: Case, step: Step, key: str) -> None:
            if case.id == self.case_id:
                await run_step(case.id, step, home=self.lab.home, store=self.store, now=self.store.now)

        for _ in range(8):
            if self.case.state is until:
                break
            await tend_once(self.store, home=self.lab.home, now=self.store.now, start=start)
        assert self.case.state is until, (self.case.state, self.case.trouble)
        return self.case

    async def asked(self, order: str, fleet: Path | None = None) -> Case:
        """From the ticket to the notice, which was delivered."""
        self.open(order, fleet)
        await self.tend(State.NOTIFIED)
        return self.say(e.Delivered(at=self.store.now(), by="eva"))

    def approve(self, *yes: str) -> Case:
        case = self.case
        assert case.plan is not None
        wanted = {action.id for action in case.plan.actions if action.needs_approval}
        decisions = tuple(Decision(remediation_id=each, approved=each in yes) for each in sorted(wanted))
        return self.say(e.Approved(at=self.store.now(), by="Ann", digest=case.plan.digest, how=How.CLIENT_PAGE,
                                   decisions=decisions))

    async def remediate(self) -> Case:
        return await run_step(self.case_id, Step.REMEDIATE, home=self.lab.home, store=self.store, now=self.store.now)

    def notes(self) -> str:
        return "\n".join(str(entry.body["text"]) for entry in self.store.journal(self.case_id) if entry.kind == "noted")

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.store.journal(self.case_id)]


@pytest.fixture
def place(lab: Lab) -> Iterator[Place]:
    with Store.open(f"sqlite:///{lab.home}/uplift.db") as store:
        yield Place(lab, store)


