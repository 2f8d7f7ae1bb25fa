"""The report of a complete sweep to its readers by mail: each gets it once, however often the sweep is resumed."""
from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from reports.mail import Letter, Person, fleet_mail, message_id
from tasks.model.errors import UserError
from tasks.model.ledger import Channel, Message, OutboxMessage, OutboxState
from tasks.wire.credentials import ApiToken, Credentials
from tasks.wire.home import Home
from tasks.wire.mail_settings import MailSettings, load_mail_settings
from tasks.wire.smtp import Ending, send
from tasks.wire.store import Store
from tasks.wire.sweep_folder import SweepFolder

AGAIN_AFTER_S = 0.0         # a refused mail waits for the next call, not for a clock
SILENT_S = 3600.0           # a sender that said nothing for so long has died


@dataclass(frozen=True, slots=True)
class Mailed:
    """What became of the mail to one reader."""

    recipient: str
    state: OutboxState
    detail: str = ""


def mail_report(folder: SweepFolder, home: Path) -> tuple[Mailed, ...]:
    """Mail the report to everyone whom mail.yaml names and who has not had it yet; empty where it names nobody.

    A mail whose outcome is in doubt is ``unsure`` and stays so until a person decides. Raises UserError for wrong
    settings and for a sweep without its report. Blocks: call it in a thread.
    """
    settings = load_mail_settings(home)
    if settings is None or not settings.recipients:
        return ()
    secret = mail_secret(settings, home)
    with Store.open(home=home) as store:
        store.abandon_messages(SILENT_S)
        ids = _queued(store, folder, settings)
        while claimed := store.claim_messages(f"{socket.gethostname()}:{os.getpid()}", 1, ids):
            _send(store, claimed[0], settings, secret)
            ids = tuple(each for each in ids if each != claimed[0].message.message_id)
            if not ids:
                break
        return _outcome(store, folder, settings)


def mail_secret(settings: MailSettings, home: Path) -> ApiToken | None:
    """Raises UserError where it cannot be used."""
    name = settings.server.credential
    return Credentials.load(Home(home).credentials).token(name) if name else None


def _ids(folder: SweepFolder, settings: MailSettings) -> dict[str, str]:
    """The message's id by the reader's address; one address gets one mail."""
    plan, _ = folder.load()
    selection = plan.options.select or ""
    return {one.email: message_id(plan.sweep_id, selection, one.email) for one in settings.recipients}


def _queued(store: Store, folder: SweepFolder, settings: MailSettings) -> tuple[str, ...]:
    """The ids of this sweep's mails, each of which lies in the outbox now."""
    ids = _ids(folder, settings)
    known = {one.message.message_id for one in store.messages(only=tuple(ids.values()))}
    people = {one.email: one.name for one in settings.recipients}
    try:
        summary = json.loads((folder.path / "summary.json").read_text())
    except OSError as error:
        raise UserError("no_report", f"{folder.path} holds no report ({error.strerror})",
                        "make it with `uplift judge`") from None
    where = settings.link or str(folder.path / "report.html")
    letter = Letter(Person(settings.sender.name, settings.sender.email), where, settings.attach_at_most_bytes)
    for email, mid in ids.items():
        if mid not in known:
            mail = fleet_mail(folder.path, summary, Person(people[email], email), letter, store.now(), mid)
            store.queue(Message(message_id=mid, channel=Channel.MAIL, recipients=(email,), payload=mail.as_bytes()))
    return tuple(ids.values())


def _send(store: Store, claimed: OutboxMessage, settings: MailSettings, secret: ApiToken | None) -> None:
    """One message over the wire, and how it went into the outbox. A death in between leaves it ``sending``."""
    message = claimed.message
    sent = send(settings.server, secret, settings.sender.email, message.recipients, message.payload)
    if sent.ending is Ending.TAKEN:
        store.message_sent(claimed)
    elif sent.ending is Ending.UNSURE:
        store.message_unsure(claimed, sent.detail)
    else:
        store.message_failed(claimed, sent.detail, AGAIN_AFTER_S)


def _outcome(store: Store, folder: SweepFolder, settings: MailSettings) -> tuple[Mailed, ...]:
    ids = _ids(folder, settings)
    by_id = {one.message.message_id: one for one in store.messages(only=tuple(ids.values()))}
    found = [(email, by_id[mid]) for email, mid in ids.items()]
    return tuple(Mailed(email, one.state, one.detail) for email, one in found)
