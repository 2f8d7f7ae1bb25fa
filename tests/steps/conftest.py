"""A case in a real database, of a system at whose address nobody answers."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest
import yaml

from tasks.model.case import Case
from tasks.model.release import Release
from tasks.steps.intake import open_ticket
from tasks.wire.store import Store

TARGET = Release.parse("7.2.0")
SYSTEM = {
    "id": "acme", "client": "Acme", "environment": "standalone", "edition": "business", "profile": "lab",
    "ssh": {"host": "127.21.81.1", "credential": "inspect"}, "timezone": "Europe/London", "country": "GB",
    "engineer": "eva", "contacts": [{"name": "Ann", "email": "ann@example.net"}],
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    key = place / "inspect"
    key.write_text(asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode())
    credentials = place / "credentials.yaml"
    credentials.write_text(yaml.safe_dump({"credentials": {"inspect": {"key_file": str(key)}}}))
    for path in (key, credentials):
        path.chmod(0o600)
    return place


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.yaml"
    path.write_text(yaml.safe_dump({"systems": [SYSTEM]}))
    return path


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{home}/uplift.db") as opened:
        yield opened


@pytest.fixture
def case(store: Store, home: Path, fleet: Path) -> Case:
    return open_ticket(
        store, home=home, fleet=fleet, system_id="acme", target=TARGET, order_ref="SO-1", by="the store"
    )[0]
