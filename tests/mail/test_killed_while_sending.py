"""A sender that is killed (SIGKILL) at the worst moments: no mail twice, and what is in doubt says so."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tasks.model.case import State
from tasks.model.ledger import OutboxState, Settled
from tests.mail.conftest import ANN, Site
from tests.mail_server import MailServer

S = OutboxState
SENDER = """
from tasks.steps.tend_mail import mail_round
from tasks.wire.home import find_home
from tasks.wire.mail_settings import load_mail_settings
from tasks.wire.store import Store

home = find_home()
print("ready", flush=True)
input()
with Store.open(home=home) as store:
    mail_round(store, home, load_mail_settings(home))
"""


class Deadly(MailServer):
    """Kills its client at a stage of the conversation. At ``data`` and ``quit`` it has the message already."""

    victim: int | None = None
    stage = ""

    def strike(self, stage: str) -> None:
        if stage == self.stage and self.victim is not None:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = None

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        self.strike("mail")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        self.strike("rcpt")
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        self.strike("data")
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.strike("quit")
        return "221 Bye"


@pytest.fixture
def server_kind() -> type[MailServer]:
    return Deadly


@pytest.mark.parametrize(("stage", "taken"), [("mail", 0), ("rcpt", 0), ("data", 1), ("quit", 1)])
def test_a_killed_sender_leaves_a_doubt_and_nothing_is_sent_twice(site: Site, stage: str, taken: int) -> None:
    assert isinstance(site.server, Deadly)
    site.notified(ANN)
    killed = subprocess.Popen([sys.executable, "-c", SENDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert killed.stdin is not None and killed.stdout is not None and killed.stdout.readline() == "ready\n"
    site.server.victim, site.server.stage = killed.pid, stage
    killed.stdin.write("\n")
    killed.stdin.flush()
    assert killed.wait(60) == -signal.SIGKILL
    assert site.states() == {ANN: S.SENDING} and len(site.server.taken) == taken

    assert site.round(stale_s=-1).busy                  # the dead one's lease stands for a while
    lease = site.store.lease("mail")
    assert lease is not None
    site.store.release(lease)
    assert site.round().sent.taken == 0 and site.states() == {ANN: S.SENDING}       # it may only be slow
    for _ in range(2):
        site.round(stale_s=-1)
        site.at_once()
    assert site.states() == {ANN: S.UNSURE} and len(site.server.taken) == taken
    assert site.case.state is State.NOTIFIED

    site.store.settle_message(Settled(message_id=site.store.messages()[0].message.message_id, was=S.UNSURE,
                                      state=S.SENT if taken else S.PENDING))
    site.round()
    assert site.states() == {ANN: S.SENT} and len(site.server.taken) == 1
    assert site.case.state is State.AWAITING_APPROVAL
