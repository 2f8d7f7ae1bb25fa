"""An appliance, a desk, a mail server, the client's page and her browser: an order from its ticket to "ready"."""
from __future__ import annotations

import email
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Connection, or_, update

from deployments.lab import snapshots
from deployments.lab.container import Container
from deployments.lab.down import down
from deployments.lab.freshdesk.config import Agent, DeskConfig
from deployments.lab.freshdesk.server import start as start_desk
from deployments.lab.layout import Layout
from deployments.lab.record import write_private
from deployments.lab.spec import ApplianceSpec
from deployments.lab.up import up
from tasks.model.case import Case
from tasks.model.ledger import OutboxMessage, OutboxState
from tasks.wire.store import Store
from tasks.wire.store.engine import Database, connect, database_url, now
from tasks.wire.store.tables import leases, outbox
from tests.mail_server import PASSWORD, USER, mail_server
from tests.operator_site import UPLIFT

NETWORK, NAME, AS_MADE = 118, "pbx1", "as-made"
KEY = "walk-desk-key-0123456789"
ANN, MIA = "ann@northgate.example", "mia@uplift.example"
SPEC = ApplianceSpec.model_validate(
    {"name": NAME, "rows": 20_000, "foreign_module": True, "knobs": ("nightly_dump",)})
LINK = re.compile(r"http://127\.0\.0\.1:\d+/case/\S+")


class WalkRig:
    """One site. ``again`` puts the appliance and everything that Uplift knows back to before the order."""

    def __init__(self, directory: Path) -> None:
        self.directory, self._closing = directory, ExitStack()
        try:
            self._closing.callback(down, directory / "lab")
            lab = up(directory / "lab", [SPEC], network=NETWORK)
            self.layout, self.home = Layout.of(lab.directory), lab.home
            snapshots.snapshot(self.layout, NAME, AS_MADE)
            self._entry = next(each for each in yaml.safe_load(lab.fleet.read_text())["systems"] if each["id"] == NAME)
            self.mail = self._closing.enter_context(mail_server(directory / "tls"))
            self.port = free_port()
            self.desk = DeskConfig(folder=directory / "desk", port=free_port(), key=KEY, per_minute=5000,
                                   agents=(Agent(id=72, email="mia@desk.example", name="Mia"),))
            self._desk = start_desk(self.desk)
            self._closing.callback(self._desk.stop)
            self.api = self._closing.enter_context(httpx.Client(
                base_url=f"http://127.0.0.1:{self.desk.port}/api/v2/", auth=(KEY, "X"), trust_env=False))
            self._settings()
            self._page: subprocess.Popen[bytes] | None = None
            self._closing.callback(self.stop_page)
            self.browser: Browser = self._closing.enter_context(sync_playwright()).chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--no-first-run"])
            self._closing.callback(self.browser.close)
        except BaseException:
            self._closing.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.close()

    # --- the site ------------------------------------------------------------------------------------------------

    def _settings(self) -> None:
        credentials = yaml.safe_load((self.home / "credentials.yaml").read_text())
        credentials["credentials"]["smtp"] = {"token_file": "smtp-password", "certificate": str(self.mail.certificate)}
        self._entry |= {"client": "Northgate", "engineer": "mia",
                        "contacts": [{"name": "Ann Field", "email": ANN, "approves": True}]}
        files: dict[str, Any] = {
            "fleet.yaml": {"systems": [self._entry]}, "smtp-password": PASSWORD + "\n", "credentials.yaml": credentials,
            "desk.key": KEY + "\n", "page.key": "walk-page-key-0123456789-0123456789\n",
            "web.yaml": {"base_url": f"http://127.0.0.1:{self.port}", "secret_file": "page.key"},
            "mail.yaml": {"server": {"host": "127.0.0.1", "port": self.mail.port, "user": USER, "credential": "smtp",
                                     "timeout_s": 10},
                          "sender": {"name": "Uplift", "email": "uplift@uplift.example"}},
            "engineers.yaml": {"engineers": [{"name": "mia", "full_name": "Mia Berg", "email": MIA,
                                              "zone": "Europe/Sarajevo"}]},
            "tickets.yaml": {"desks": {"support": {
                "url": f"http://127.0.0.1:{self.desk.port}", "key_file": "desk.key", "fleet": "fleet.yaml",
                "only": {"type": "PBXware upgrade"}, "agents": {"mia": "mia@desk.example"},
                "form": {"order": {"field": "cf_order"}, "system": {"line": "System"},
                         "target": {"field": "cf_target"}},
                "trusted_requesters": ["orders@shop.example"], "statuses": {"opened": 3, "closed": 4},
                "patience_s": 5,
            }}},
        }
        for name, told in files.items():
            write_private(self.home / name, told if isinstance(told, str) else yaml.safe_dump(told))

    @property
    def env(self) -> dict[str, str]:
        known = {name: value for name, value in os.environ.items() if name != "UPLIFT_DATABASE_URL"}
        return {**known, "UPLIFT_HOME": str(self.home)}

    @property
    def box(self) -> Container:
        return Container(self.layout, NAME, self.layout.systems / NAME)

    def again(self) -> None:
        self.stop_page()
        snapshots.restore(self.layout, NAME, AS_MADE)
        for old in self.home.glob("uplift.db*"):
            old.unlink()
        shutil.rmtree(self.home / "cases", ignore_errors=True)
        self.mail.taken.clear()
        self._desk.stop()                       # the orders of the points before are not there any more
        self.desk.state_file.unlink(missing_ok=True)
        start_desk(self.desk)
        snapshots.boot(self.layout, NAME)

    def order(self, reference: str) -> int:
        """The store's ticket."""
        made = self.api.post("tickets", json={
            "subject": "Order", "description": f"<p>System: {NAME}</p>", "email": "orders@shop.example", "status": 2,
            "priority": 1, "type": "PBXware upgrade",
            "custom_fields": {"cf_order": reference, "cf_target": "7.2.0"},
        })
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

    def said(self, ticket: int) -> list[str]:
        rows = self.api.get(f"tickets/{ticket}/conversations", params={"per_page": 100}).json()
        return [str(row["body_text"]) for row in rows]

    # --- Uplift's processes --------------------------------------------------------------------------------------

    def uplift(self, *words: str, limit_s: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run([UPLIFT, *words], env=self.env, capture_output=True, text=True, timeout=limit_s)

    def tending(self) -> subprocess.Popen[bytes]:
        """The reconciler, round after round, in a process group of its own."""
        with (self.directory / "tend.log").open("ab") as log:
            return subprocess.Popen([UPLIFT, "tend", "--every", "1"], env=self.env, stdout=log, stderr=log,
                                    start_new_session=True)

    def serve_page(self) -> None:
        if self._page is not None and self._page.poll() is None:
            return
        with (self.directory / "serve.log").open("ab") as log:
            self._page = subprocess.Popen([UPLIFT, "serve", "--port", str(self.port)], env=self.env, stdout=log,
                                          stderr=log, start_new_session=True)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError((self.directory / "serve.log").read_text()[-2000:])

    def stop_page(self) -> None:
        """kill -9: what it had not written down is gone."""
        if self._page is not None:
            end(self._page)
            self._page = None

    def pass_lease(self) -> None:
        """What a minute does to the leases of a process that is dead, without waiting for it."""
        self._write(lambda c: update(leases).values(expires_at=now(c) - timedelta(seconds=1)))

    def pass_quarter_of_an_hour(self) -> None:
        """What it does to messages in doubt, and to those whose sender is dead; one that is at work has just begun."""
        self._write(lambda c: update(outbox).where(
            or_(outbox.c.state == OutboxState.UNSURE.value, outbox.c.claimed_at < now(c) - timedelta(seconds=12)),
            outbox.c.state != OutboxState.SENT.value,
        ).values(claimed_at=now(c) - timedelta(minutes=20)))

    def _write(self, make: Callable[[Connection], Any]) -> None:
        engine = connect(database_url(None, self.home))
        try:
            Database(engine).write(lambda c: c.execute(make(c)))
        finally:
            engine.dispose()

    # --- what has become of it -----------------------------------------------------------------------------------

    @contextmanager
    def store(self) -> Iterator[Store]:
        with Store.open(home=self.home) as store:
            yield store

    def case(self) -> Case | None:
        """The order's case, None before it is opened. Two would be a fault."""
        with self.store() as store:
            cases = store.cases()
        assert len(cases) <= 1, [case.id for case in cases]
        return cases[0] if cases else None

    def kinds(self) -> Counter[str]:
        with self.store() as store:
            return Counter(entry.kind for case in store.cases() for entry in store.journal(case.id))

    def outbox(self) -> tuple[OutboxMessage, ...]:
        with self.store() as store:
            return store.messages()

    def letters(self, to: str) -> list[email.message.EmailMessage]:
        """What the mail server took for an address, oldest first."""
        found = [each for each in self.mail.taken if to in each.rcpt_tos]
        return [email.message_from_bytes(each.original_content or b"", policy=default) for each in found]  # type: ignore[misc]

    def link(self) -> str | None:
        """The newest link to the page that was mailed to the client."""
        for letter in reversed(self.letters(ANN)):
            part = letter.get_body(("plain",))
            if part is not None and (found := LINK.search(part.get_content())):
                return found[0].rstrip(".)>")
        return None

    def json(self, *words: str) -> Any:
        return json.loads(self.uplift(*words, "--json").stdout)


def end(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of the whole group."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
