"""A case whose notice waits in the outbox, a real SMTP server with TLS, a Maildir, and a site that knows them."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
import yaml

from tasks.model import event as e
from tasks.model.case import Case, Step
from tasks.model.ledger import Channel, Message, OutboxState
from tasks.steps.tend_mail import Mailed, mail_round
from tasks.wire.case_folder import CaseFolder
from tasks.wire.mail_settings import load_mail_settings
from tasks.wire.store import Store
from tests.mail_server import PASSWORD, USER, MailServer, mail_server
from tests.rules import story as s
from tests.rules.story import Story

ANN, BO = "ann@acme.example", "bo@acme.example"
SYSTEM = {                      # in a country of which no holidays are known: the tests run on any day
    "id": "acme", "client": "Acme", "environment": "standalone", "edition": "business", "profile": "lab",
    "ssh": {"host": "127.21.110.1", "credential": "inspect"}, "timezone": "Europe/London", "country": "ZZ",
    "engineer": "eva", "contacts": [{"name": "Ann Field", "email": ANN},
                                    {"name": "Bo", "email": BO, "language": "de"}],
}
EVA = {"name": "eva", "full_name": "Eva Engineer", "email": "eva@uplift.example", "zone": "Europe/Sarajevo"}


def private(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def mail_id(address: str) -> str:
    return f"<notice.{address.partition('@')[0]}@uplift.invalid>"


def letter(address: str) -> Message:
    mail = EmailMessage()
    mail["Message-ID"], mail["To"], mail["Subject"] = mail_id(address), address, "The upgrade: what we found"
    mail.set_content("Two things need your attention.\n.\nThis line comes after a lone dot.\n")
    return Message(message_id=mail_id(address), channel=Channel.MAIL, recipients=(address,), payload=mail.as_bytes())


@dataclass
class Site:
    home: Path
    maildir: Path
    server: MailServer
    store: Store

    def settings(self, **changes: object) -> None:
        told = {"server": {"host": "127.0.0.1", "port": self.server.port, "user": USER, "credential": "smtp",
                           "timeout_s": 5},
                "sender": {"name": "Uplift", "email": "uplift@example.net"}, "incoming": {"maildir": str(self.maildir)}}
        private(self.home / "mail.yaml", yaml.safe_dump({**told, **changes}))

    def notified(self, *addresses: str) -> Case:
        """The case with its notice to these addresses in the outbox."""
        story = Story(found=s.SIP_PLAN).until_running(Step.NOTIFY)
        case, _ = self.store.open_case(s.opened(story.case.environment))
        for event in story.told:
            self.store.record(case.id, event)
        letters = [letter(each) for each in addresses]
        run = self.store.case("C-1").running
        assert run is not None
        moved = self.store.record("C-1", e.Notified(at=self.store.now(), by="notify", run=run.key, message_ids=tuple(
            each.message_id for each in letters)), messages=letters)
        assert isinstance(moved, Case)
        return moved

    def round(self, stale_s: float | None = None) -> Mailed:
        settings = load_mail_settings(self.home)
        assert settings is not None
        return mail_round(self.store, self.home, settings, stale_s=stale_s)

    def at_once(self, tried: int | None = None) -> None:
        """As if every pause before another try were over, and so many tries."""
        with self.store._db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE outbox SET not_before = NULL")
            if tried is not None:
                connection.exec_driver_sql("UPDATE outbox SET attempts = ?", (tried,))

    @property
    def case(self) -> Case:
        return self.store.case("C-1")

    def states(self) -> dict[str, OutboxState]:
        return {one.message.recipients[0]: one.state for one in self.store.messages()}

    def told(self, kind: str) -> list[dict[str, object]]:
        return [entry.body | {"by": entry.by} for entry in self.store.journal("C-1") if entry.kind == kind]

    def arrives(self, raw: bytes, name: str) -> Path:
        path = self.maildir / "new" / name
        path.write_bytes(raw)
        return path


@pytest.fixture
def server_kind() -> type[MailServer]:
    return MailServer


@pytest.fixture
def site(tmp_path: Path, server_kind: type[MailServer], monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    home, maildir = tmp_path / "home", tmp_path / "Maildir"
    for each in (home, *(maildir / part for part in ("new", "cur", "tmp"))):
        each.mkdir(mode=0o700, parents=True)
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"systems": [SYSTEM]}))
    CaseFolder(home, "C-1").create(tmp_path / "fleet.yaml")
    private(home / "engineers.yaml", yaml.safe_dump({"engineers": [EVA]}))
    monkeypatch.setenv("UPLIFT_HOME", str(home))
    monkeypatch.delenv("UPLIFT_DATABASE_URL", raising=False)
    with mail_server(tmp_path / "tls", kind=server_kind) as server, Store.open(home=home) as store:
        private(home / "smtp-password", PASSWORD + "\n")
        private(home / "credentials.yaml", yaml.safe_dump({"credentials": {
            "inspect": {"agent": True},
            "smtp": {"token_file": "smtp-password", "certificate": str(server.certificate)}}}))
        made = Site(home, maildir, server, store)
        made.settings()
        yield made
