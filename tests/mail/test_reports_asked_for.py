"""Where the server can report what becomes of mail (RFC 3461), it is asked to, while somebody reads what comes back."""
from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tasks.wire.credentials import Credentials
from tasks.wire.mail_settings import MailServer as Settings
from tasks.wire.smtp import Ending, send, xtext
from tests.mail.conftest import ANN, private
from tests.mail_server import _certificate, free_port


class Reporting(SMTP):
    """aiosmtpd knows nothing of DSN: its parameters are noted and taken off."""

    asked: list[str]

    async def smtp_MAIL(self, arg: str | None) -> None:
        self.asked.append(arg or "")
        await super().smtp_MAIL(re.sub(r" (RET|ENVID)=\S+", "", arg or ""))

    async def smtp_RCPT(self, arg: str | None) -> None:
        self.asked.append(arg or "")
        await super().smtp_RCPT(re.sub(r" NOTIFY=\S+", "", arg or ""))


class Handler:
    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-DSN", *responses[1:]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.taken.append(envelope)
        return "250 taken"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Settings, Credentials, Handler, list[str]]]:
    asked: list[str] = []
    certificate, key = _certificate(tmp_path / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    handler, port = Handler(), free_port()

    class Dsn(Controller):
        def factory(self) -> SMTP:
            made = Reporting(self.handler, tls_context=context, require_starttls=True)
            made.asked = asked
            return made

    controller = Dsn(handler, hostname="127.0.0.1", port=port)
    controller.start()
    private(tmp_path / "word", "x\n")
    private(tmp_path / "credentials.yaml",
            f"credentials: {{smtp: {{token_file: word, certificate: {certificate}}}}}")
    try:
        yield (Settings(host="127.0.0.1", port=port, timeout_s=5), Credentials.load(tmp_path / "credentials.yaml"),
               handler, asked)
    finally:
        controller.stop()


def test_reports_are_asked_for_under_the_messages_id(
    server: tuple[Settings, Credentials, Handler, list[str]]
) -> None:
    settings, credentials, handler, asked = server
    sent = send(settings, credentials.token("smtp"), "uplift@example.net", (ANN,), b"Subject: x\n\ny\n",
                receipts="<a+b=c d@uplift.invalid>")
    assert sent.ending is Ending.TAKEN and len(handler.taken) == 1
    assert "RET=HDRS" in asked[0] and "ENVID=<a+2Bb+3Dc+20d@uplift.invalid>" in asked[0]
    assert asked[1].endswith("NOTIFY=SUCCESS,FAILURE,DELAY")
    asked.clear()
    assert send(settings, credentials.token("smtp"), "uplift@example.net", (ANN,), b"x").ending is Ending.TAKEN
    assert not any("ENVID" in each or "NOTIFY" in each for each in asked)


def test_an_id_never_holds_what_ends_a_command() -> None:
    assert xtext("<a\r\nb\x00@c>") == "<a+0D+0Ab+00@c>"
