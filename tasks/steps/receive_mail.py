"""What comes back: reports of mail servers, replies of people. Each mail is dealt with once, wherever a process dies.

A report moves only what Uplift has sent. A person's words are written down for the engineer, and decide nothing.
"""
from __future__ import annotations

from collections import Counter
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from reports.text import one_line, visible
from tasks.model.case import Case, How
from tasks.model.errors import UserError
from tasks.model.event import ClientSaid
from tasks.model.incoming_mail import Fate, IncomingMail, Reported, Written
from tasks.model.ledger import Arrival, Channel, Lease, OutboxMessage, OutboxState, Settled
from tasks.steps.case_site import Site
from tasks.steps.mail_fates import came_back
from tasks.steps.work import sentence
from tasks.wire.mail_log import fates_in, lines_of
from tasks.wire.maildir import content, delivered_since
from tasks.wire.read_mail import LONGEST_BYTES, read_mail
from tasks.wire.store.store import Store

SOURCE = "mail"
LOOKED_BACK_S = 30 * 86_400.0       # how old a message of the Maildir may be


class Dealt(StrEnum):
    """What was done with a mail that came in."""

    REPORT = "report"               # it said what became of a message
    REPLY = "reply"                 # a person's words, in the journal now
    AUTOMATIC = "automatic"         # a machine answered: nothing to write down
    KNOWN = "known"                 # dealt with before
    UNKNOWN = "unknown"             # about nothing that Uplift has sent: left alone
    UNREADABLE = "unreadable"       # this user may not read it


def look_through(store: Store, home: Path, maildir: Path, lease: Lease | None = None) -> Counter[Dealt]:
    """Deal with what was delivered to a Maildir since it was last looked at. Raises UserError."""
    source = f"maildir:{sha256(str(maildir).encode()).hexdigest()[:40]}"
    found = delivered_since(maildir, store.now().timestamp() - LOOKED_BACK_S)
    by_id = {sha256(each.key.encode()).hexdigest(): each for each in found}
    known = store.known_arrivals(source, tuple(by_id))
    dealt: Counter[Dealt] = Counter()
    for arrival, each in by_id.items():
        try:
            raw = None if arrival in known else content(each, LONGEST_BYTES)
        except OSError:                                 # one such mail does not keep the others from being read
            dealt[Dealt.UNREADABLE] += 1
            continue
        if raw is not None:
            dealt[receive(store, home, raw, lease)] += 1
            store.note_arrivals(source, (arrival,))     # after it: who dies before comes again, and finds it KNOWN
    return dealt


def receive(store: Store, home: Path, raw: bytes, lease: Lease | None = None) -> Dealt:
    """Deal with one mail. Raises StoreUnavailable, LeaseLost."""
    mail = read_mail(raw)
    sent = {one.message.message_id: one for one in store.messages(only=mail.about) if one.message.channel is
            Channel.MAIL} if mail.about else {}
    about = next((sent[each] for each in mail.about if each in sent), None)
    if about is None:
        return Dealt.UNKNOWN
    if store.known_arrivals(SOURCE, (mail.digest,)):
        return Dealt.KNOWN
    if mail.written is Written.PERSON:
        _write_down(store, home, mail, about, lease)
        for each in mail.answers:           # who answers a message has it; one that is further back may be quoted only
            if each in sent:
                _arrived(store, sent[each], "it was answered")
        return Dealt.REPLY
    for reported in mail.reported:
        became(store, about, reported, lease)
    store.note_arrivals(SOURCE, (mail.digest,))
    return Dealt.REPORT if mail.reported else Dealt.AUTOMATIC


def became(store: Store, about: OutboxMessage, reported: Reported, lease: Lease | None = None) -> bool:
    """Take a report on one recipient; False where nothing is new by it. A delay decides nothing, and nobody knows
    what became of a message that was never tried."""
    recipient = _recipient(about, reported.recipient)
    if recipient is None or reported.fate is Fate.DELAYED or about.attempts == 0:
        return False
    if reported.fate is Fate.FAILED:
        return came_back(store, about, recipient, f"{one_line(reported.reason) or 'the mail came back'}", lease)
    return _arrived(store, about, f"reported as delivered to {recipient}")


def reconcile_with_log(store: Store, log: Path, lease: Lease | None = None) -> int:
    """What the mail server's log says of messages in doubt; gives how many it decided. Raises UserError."""
    doubtful = {one.message.message_id: one for one in store.messages(state=OutboxState.UNSURE)
                if one.message.channel is Channel.MAIL}
    if not doubtful:
        return 0
    return sum(became(store, doubtful[mid], each, lease) for mid, each in fates_in(lines_of(log), doubtful))


def _arrived(store: Store, about: OutboxMessage, how: str) -> bool:
    """A message in doubt, or one that was to be sent again, has arrived after all."""
    if about.state in (OutboxState.SENT, OutboxState.BOUNCED) or about.attempts == 0:
        return False
    return store.settle_message(Settled(message_id=about.message.message_id, state=OutboxState.SENT, detail=how))


def _recipient(about: OutboxMessage, named: str) -> str | None:
    """Which recipient is meant. A message to one is, though it was passed on to another address."""
    for each in about.message.recipients:
        if each.casefold() == named.casefold():
            return each
    return about.message.recipients[0] if len(about.message.recipients) == 1 else None


def _write_down(store: Store, home: Path, mail: IncomingMail, about: OutboxMessage, lease: Lease | None) -> None:
    arrival = Arrival(source=SOURCE, id=mail.digest)
    if about.case_id is None:
        store.note_arrivals(SOURCE, (mail.digest,))
        return
    text = sentence(visible(mail.text)) if mail.text.strip() else "(a reply without words of its own)"
    said = ClientSaid(at=store.now(), by=_who(store.case(about.case_id), home, mail.sender), how=How.MAIL, text=text)
    store.record(about.case_id, said, arrival=arrival, lease=lease)


def _who(case: Case, home: Path, sender: str) -> str:
    """The contact whose address it is, as far as an address tells anything: it can be forged."""
    address = one_line(sender)[:150] or "nobody"
    try:
        contacts = Site.of(case, home).system.contacts
    except UserError:
        return address
    named = [each.name for each in contacts if each.email.casefold() == sender.casefold()]
    return named[0] if named else f"{address}, no contact of this client"
