"""The cases' mail out: each message once. What is in doubt is ``unsure`` and stays so until somebody knows more.

A message is claimed, handed over, and settled. A death in between leaves it ``sending``, which becomes ``unsure``.
"""
from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from pathlib import Path

from reports.text import one_line
from tasks.model.ledger import Channel, Lease, OutboxMessage, OutboxState
from tasks.steps.mail_fates import came_back
from tasks.steps.mail_report import mail_secret
from tasks.wire.credentials import ApiToken
from tasks.wire.mail_settings import MailSettings
from tasks.wire.smtp import Ending, Sending, send
from tasks.wire.store.store import Store

STALE_S = 900.0             # a sender that has said nothing for so long is dead; longer than any server's patience
LEASE_S = 300.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 60.0, 4 * 3600.0
GIVE_UP_AFTER = 20          # refusals of one message "for now": with these pauses about two days
AT_ONCE = 200


@dataclass
class Sent:
    """``troubles`` say in a sentence what kept mail from going out."""

    taken: int = 0
    unsure: int = 0
    bounced: int = 0
    later: int = 0
    troubles: list[str] = field(default_factory=list)


def send_waiting(
    store: Store, home: Path, settings: MailSettings, lease: Lease, *, stale_s: float | None = None
) -> Sent:
    """Send what is ripe of the cases' mail. Raises UserError: a credential, LeaseLost, StoreUnavailable."""
    done, secret = Sent(), mail_secret(settings, home)
    patience_s = max(STALE_S, 10 * settings.server.timeout_s) if stale_s is None else stale_s
    store.abandon_messages(patience_s, Channel.MAIL)
    for message_id in _waiting(store):
        store.renew(lease, LEASE_S + 10 * settings.server.timeout_s)
        for claimed in store.claim_messages(sender_name(), 1, (message_id,)):   # one by one
            sent = _hand_over(claimed, settings, secret)
            _settle(store, claimed, sent, lease, done)
            if sent.ending is Ending.REFUSED and not sent.of_message:
                done.troubles.append(f"the mail server does not take mail: {one_line(sent.detail)}")
                return done                     # it is not asked two hundred times
    return done


def sender_name() -> str:
    return f"mail {socket.gethostname()} {os.getpid()}"


def _waiting(store: Store) -> tuple[str, ...]:
    """The ids of what is to be sent now, oldest first. What belongs to no case has a sender of its own."""
    now = store.now()
    return tuple(
        each.message.message_id for each in store.messages(state=OutboxState.PENDING)
        if each.message.channel is Channel.MAIL and each.case_id is not None
        and (each.message.not_before is None or each.message.not_before <= now)
    )[:AT_ONCE]


def _hand_over(claimed: OutboxMessage, settings: MailSettings, secret: ApiToken | None) -> Sending:
    message = claimed.message
    return send(
        settings.server, secret, settings.sender.email, message.recipients, framed(message.payload, settings),
        receipts=message.message_id if settings.incoming.maildir else None,
    )


def framed(payload: bytes, settings: MailSettings) -> bytes:
    """The message with what only the site knows: whom it is from. Holiday notices are asked not to answer it."""
    known = BytesHeaderParser().parsebytes(payload)
    head = EmailMessage(policy=SMTP)
    if "From" not in known:
        head["From"] = Address(one_line(settings.sender.name), addr_spec=settings.sender.email)
    if "Auto-Submitted" not in known:
        head["Auto-Submitted"] = "auto-generated"           # RFC 3834
    return head.as_bytes().removesuffix(b"\r\n") + payload


def _settle(store: Store, claimed: OutboxMessage, sent: Sending, lease: Lease, done: Sent) -> None:
    for recipient, answer in sent.rejected:
        done.bounced += came_back(store, claimed, recipient, answer, lease)
    if sent.ending is Ending.TAKEN:
        done.taken += store.message_sent(claimed)
    elif sent.ending is Ending.UNSURE:
        done.unsure += store.message_unsure(claimed, sent.detail)
    elif len(sent.rejected) < len(set(claimed.message.recipients)):
        _later(store, claimed, sent, lease, done)


def _later(store: Store, claimed: OutboxMessage, sent: Sending, lease: Lease, done: Sent) -> None:
    """Nobody has it yet. A server that is away is waited for; one that refuses this message, not for ever."""
    if sent.of_message and claimed.attempts >= GIVE_UP_AFTER:
        for recipient in claimed.message.recipients:
            done.bounced += came_back(store, claimed, recipient,
                                      f"refused {claimed.attempts} times: {sent.detail}", lease)
        return
    pause_s = min(FIRST_PAUSE_S * 2 ** (claimed.attempts - 1), LONGEST_PAUSE_S)
    done.later += store.message_failed(claimed, sent.detail, pause_s)
