"""A real Freshdesk stand-in on loopback, in a process of its own, and a site whose tickets.yaml names it."""
from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deployments.lab.freshdesk.config import Agent, DeskConfig, Fault, Faults, Hook
from deployments.lab.freshdesk.server import start
from tasks.model.ticket_settings import Desk
from tasks.steps.tickets import poll_all
from tasks.wire.store import Store
from tasks.wire.tickets.settings import load_settings

KEY = "lab-desk-key-0123456789"
PASSWORD = "lab-webhook-password-0123456789"
SYSTEMS = [
    {"id": name, "client": client, "environment": "standalone", "edition": "business", "profile": "lab",
     "ssh": {"host": f"127.21.83.{number}", "credential": "inspect"}, "timezone": "Europe/London", "country": "GB",
     "engineer": "mia", "contacts": [{"name": "Ann", "email": f"ann@{name}.example"}]}
    for number, (name, client) in enumerate((("acme", "Acme <b>Ltd</b>"), ("other", "Other"), ("third", "Third")), 1)
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """``desk``: as tickets.yaml has it. ``api``: a person with the key, who uses the desk beside Uplift."""

    home: Path
    config: DeskConfig
    api: httpx.Client

    @property
    def desk(self) -> Desk:
        return load_settings(self.home).desks["support"]

    def order(self, order: str = "SO-1", system: str = "acme", target: str = "7.2.0", **told: Any) -> int:
        """A new ticket, as the store's mail makes one."""
        body = {
            "subject": "Order", "description": f"<p>System: {system}</p>", "email": "orders@shop.example", "status": 2,
            "priority": 1, "type": "PBXware upgrade", "custom_fields": {"cf_order": order, "cf_target": target}, **told,
        }
        made = self.api.post("tickets", json=body)
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

    def ticket(self, number: int) -> dict[str, Any]:
        return dict(self.api.get(f"tickets/{number}").json())

    def said(self, number: int, *, private: bool) -> list[str]:
        """The texts of notes, or of replies, in their order."""
        rows = self.api.get(f"tickets/{number}/conversations", params={"per_page": 100}).json()
        return [row["body_text"] for row in rows if row["private"] is private]

    def goes_wrong(self, *faults: Fault) -> None:
        self.config.faults_file.write_text(Faults(faults=faults).model_dump_json())


@pytest.fixture
def hook_url() -> str | None:
    """Where the desk's automation posts to; tests of webhooks give one."""
    return None


@pytest.fixture
def per_minute() -> int:
    return 5000


@pytest.fixture
def site(tmp_path: Path, hook_url: str | None, per_minute: int) -> Iterator[Site]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    config = DeskConfig(
        folder=tmp_path / "desk", port=free_port(), key=KEY, per_minute=per_minute,
        agents=(Agent(id=71, email="support@desk.example", name="Support"),
                Agent(id=72, email="mia@desk.example", name="Mia")),
        hooks=(Hook(url=hook_url, password=PASSWORD),) if hook_url else (),
    )
    place = start(config)
    files = {
        "fleet.yaml": yaml.safe_dump({"systems": SYSTEMS}), "desk.key": KEY + "\n", "hook.secret": PASSWORD,
        "tickets.yaml": yaml.safe_dump({"desks": {"support": {
            "url": f"http://127.0.0.1:{config.port}", "key_file": "desk.key", "webhook_secret_file": "hook.secret",
            "fleet": "fleet.yaml", "only": {"type": "PBXware upgrade"},
            "form": {"order": {"field": "cf_order"}, "system": {"line": "System"}, "target": {"field": "cf_target"}},
            "trusted_requesters": ["Orders@shop.example"], "agents": {"mia": "mia@desk.example"},
            "statuses": {"opened": 3, "declined": 6, "closed": 4}, "patience_s": 4,
        }}}),
    }
    for name, text in files.items():
        (home / name).write_text(text)
        (home / name).chmod(0o600)
    with httpx.Client(base_url=f"http://127.0.0.1:{config.port}/api/v2/", auth=(KEY, "X"), trust_env=False) as api:
        yield Site(home, config, api)
    place.stop()


@pytest.fixture
def store(site: Site) -> Iterator[Store]:
    with Store.open(f"sqlite:///{site.home}/uplift.db") as opened:
        yield opened


def polled(site: Site, store: Store) -> list[tuple[str, str]]:
    """The tickets that one poll dealt with, and what became of each; nothing went wrong."""
    (found,) = poll_all(store, site.home)
    assert (found.error, found.delivered.troubles) == ("", [])
    return [(one.ticket, one.outcome) for one in found.seen]
