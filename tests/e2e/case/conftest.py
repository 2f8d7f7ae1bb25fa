"""A real appliance on the lab's SERVERware, and a case of it whose clock runs ahead of the database's."""
from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployments.lab.container import Container
from deployments.lab.down import down
from deployments.lab.layout import Layout
from deployments.lab.spec import ApplianceSpec
from deployments.lab.up import Lab, up
from tasks.model import event as e
from tasks.model.case import Case, How, State, Step
from tasks.model.event import Event
from tasks.model.fleet import Serverware
from tasks.model.release import Release
from tasks.model.window import Window
from tasks.steps.intake import open_ticket
from tasks.steps.run_step import run_step
from tasks.steps.tend import tend_once
from tasks.wire.store import Store

NETWORK = 80
TARGET = Release.parse("7.2.0")
AHEAD = timedelta(hours=3)          # of the window's opening, when it is agreed


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    directory = Path(tempfile.mkdtemp(prefix="uplift-case-", dir="/var/tmp"))
    serverware = Serverware(host="lab", vps_id="vps-acme")
    try:
        made = up(directory, [ApplianceSpec(name="acme", rows=20_000, serverware=serverware)], network=NETWORK)
        secret = made.appliances[0].extensions["101"]
        calls = made.home / "echo_calls.yaml"
        calls.write_text(json.dumps({"systems": {"acme": {"user": "101", "secret": secret, "number": "600"}}}))
        calls.chmod(0o600)
        yield made
    finally:
        down(directory)
        shutil.rmtree(directory, ignore_errors=True)


@dataclass
class Site:
    """A case, and the hands of everybody who has to do with it."""

    lab: Lab = field(repr=False)
    store: Store
    url: str
    case_id: str = ""
    ahead: timedelta = timedelta(0)

    @property
    def box(self) -> Container:
        """The appliance, from its host."""
        layout, record = Layout.of(self.lab.directory), self.lab.appliances[0]
        return Container(layout, record.name, record.rootfs(layout))

    @property
    def case(self) -> Case:
        return self.store.case(self.case_id)

    def now(self) -> datetime:
        return self.store.now() + self.ahead

    def open(self, order: str, fleet: Path | None = None) -> None:
        self.case_id = open_ticket(
            self.store, home=self.lab.home, fleet=fleet or self.lab.fleet, system_id="acme", target=TARGET,
            order_ref=order, by="the store",
        )[0].id

    def say(self, event: Event) -> Case:
        moved = self.store.record(self.case_id, event)
        assert isinstance(moved, Case), str(moved)
        return moved

    async def tend(self, until: State) -> Case:
        """Rounds of the reconciler until the case has come to ``until``."""
        async def start(case: Case, step: Step, key: str) -> None:
            if case.id == self.case_id:         # those of the other tests are left as these left them
                await run_step(case.id, step, home=self.lab.home, store=self.store, now=self.now)

        for _ in range(8):
            if self.case.state is until:
                break
            await tend_once(self.store, home=self.lab.home, now=self.now, start=start)
        assert self.case.state is until, (self.case.state, self.case.trouble)
        return self.case

    async def booked(self, order: str, fleet: Path | None = None, needs_s: float | None = None) -> None:
        """From the ticket to a window that the client has confirmed, and to the moment at which it opens."""
        self.open(order, fleet)
        case = await self.tend(State.NOTIFIED)
        assert case.plan is not None
        self.say(e.Delivered(at=self.now(), by="eva"))
        start = (self.now() + AHEAD).astimezone(UTC).replace(microsecond=0, tzinfo=None)
        window = Window.at_local(start, "UTC", duration_s=7200, needs_s=needs_s or case.plan.estimate_s)
        self.say(e.Proposed(at=self.now(), by="eva", slots=(window,)))
        self.say(e.Confirmed(at=self.now(), by="Ann", digest=case.plan.digest, window=window, how=How.MAIL))
        self.ahead = window.starts_at - self.store.now() + timedelta(seconds=1)

    async def reverted(self) -> Case:
        asked = {"how": How.TELEPHONE, "reason": "the phones are silent", "losses": "the calls since the clone"}
        self.say(e.RevertRequested(at=self.now(), by="Ann", **asked))
        return await self.tend(State.REVERTED)

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.store.journal(self.case_id)]

    def notes(self) -> list[str]:
        return [str(entry.body["text"]) for entry in self.store.journal(self.case_id) if entry.kind == "noted"]

    def asterisk(self) -> str:
        return self.box.run("/opt/pbxware/sh/asterisk", "-rx", "core show version")

    def call(self, seconds: int) -> None:
        """Somebody is on the phone for so long."""
        call = f"channel originate Local/601@from-internal application Wait {seconds}"
        self.box.run("/opt/pbxware/sh/asterisk", "-rx", call)

    def launches(self) -> str:
        return self.box.run("cat", f"/var/lib/uplift/runs/{self.case_id}-1/launches").strip()


@pytest.fixture(scope="session")
def url(lab: Lab) -> str:
    """One database for one appliance, as the system remembers the newest fencing token that it has seen."""
    return f"sqlite:///{lab.home}/uplift.db"


@pytest.fixture
def site(lab: Lab, url: str) -> Iterator[Site]:
    with Store.open(url) as store:
        yield Site(lab, store, url)
