"""An engineer is written to as soon as a client says something, or a case cannot go on: once for each entry.

Found anew in each round by the journal itself, under an id that each entry has but once, so that nothing is lost where
a round dies, and nothing told twice.
"""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from reports.mail import Person
from reports.reminder_mail import news_mail
from tasks.model.ledger import Channel, JournalEntry, Message
from tasks.rules.for_engineer import KINDS, news
from tasks.wire.engineers import load_engineers
from tasks.wire.mail_address import fit
from tasks.wire.store.store import Store

LOOKED_BACK = timedelta(days=3)         # what is older was told by somebody, or is no news any more


def tell_engineers(store: Store, home: Path) -> int:
    """Queue what is new for the cases' engineers; gives how many mails. Raises UserError where engineers.yaml is wrong.

    An engineer without an address there is told by the ticket and by `uplift case list` alone.
    """
    since = store.now() - LOOKED_BACK
    entries = [entry for entry in store.entries_since(KINDS, since) if news(entry)]
    ids = {message_id_of(entry) for entry in entries}
    told = {each.message.message_id for each in store.messages(only=tuple(ids))} if ids else set()
    entries = [entry for entry in entries if message_id_of(entry) not in told]
    team = load_engineers(home) if entries else None
    queued = 0
    for entry in entries:
        case = store.case(entry.case_id)
        engineer = team.named(case.engineer) if team else None
        if engineer is None or not fit(engineer.email) or case.erased_at is not None or entry.by == case.engineer:
            continue
        message_id = message_id_of(entry)
        mail = news_mail(case, Person(engineer.full_name, engineer.email), said=news(entry), by=entry.by, at=entry.at,
                         message_id=message_id)
        queued += store.queue(
            Message(message_id=message_id, channel=Channel.MAIL, recipients=(engineer.email,),
                    payload=mail.as_bytes()),
            case_id=case.id,
        )
    return queued


def message_id_of(entry: JournalEntry) -> str:
    return f"<news.{entry.case_id}.{entry.number}.{entry.digest[:24]}@uplift.invalid>"
