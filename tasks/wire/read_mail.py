"""What a mail that came in is: a report of a mail server (RFC 3464, and the forms of older ones), a machine's answer,
or a person's.

Mails come from anybody and say anything. Nothing in them is trusted further than that: reports only count for messages
that Uplift has sent, and words are only words.
"""
from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr

from flufl.bounce import all_failures

from tasks.model.incoming_mail import Fate, IncomingMail, Reported, Written
from tasks.wire.quoted_text import own_words, words_of_html

LONGEST_BYTES = 2_000_000           # of a mail; what comes after is not looked at
_ID = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,120}>")
_MOST_IDS = 100
_ACTIONS = {"failed": Fate.FAILED, "error": Fate.FAILED, "delayed": Fate.DELAYED, "delivered": Fate.ARRIVED,
            "relayed": Fate.ARRIVED, "expanded": Fate.ARRIVED}
_SERVERS = ("mailer-daemon", "postmaster")


def read_mail(raw: bytes) -> IncomingMail:
    """Never raises: what cannot be read is a machine's mail about nothing."""
    raw = raw[:LONGEST_BYTES]
    digest = hashlib.sha256(raw).hexdigest()
    try:
        return _read(email.message_from_bytes(raw, policy=compat32), digest)
    except Exception:   # the parsers are old and mails are odd; RecursionError, LookupError, UnicodeError and others
        return IncomingMail(Written.MACHINE, digest)


def _read(mail: Message, digest: str) -> IncomingMail:
    own = _plain(mail, "Message-ID").strip()
    digest = hashlib.sha256(f"{own}\n{_plain(mail, 'From')}".encode()).hexdigest() if own else digest
    answers = _ids(_plain(mail, "In-Reply-To"))
    about = tuple(dict.fromkeys((*answers, *reversed(_ids(_plain(mail, "References"))))))[:_MOST_IDS]
    sender = parseaddr(_plain(mail, "From"))[1]
    reported = tuple(_status(mail))
    if reported or mail.get_param("report-type", "") == "delivery-status":
        returned = tuple(dict.fromkeys((*_returned(mail), *about)))[:_MOST_IDS]
        return IncomingMail(Written.SERVER, digest, returned, reported=reported, sender=sender)
    if _of_a_server(mail, sender):
        later, gone = all_failures(mail)
        reported = tuple(Reported(_ascii(each), Fate.FAILED, "the mail came back") for each in sorted(gone)) + tuple(
            Reported(_ascii(each), Fate.DELAYED) for each in sorted(later))
        anywhere = tuple(dict.fromkeys((*_returned(mail), *about, *_ids(_body(mail)))))[:_MOST_IDS]
        return IncomingMail(Written.SERVER if reported else Written.MACHINE, digest, anywhere, reported=reported,
                            sender=sender)
    if _of_a_machine(mail):
        return IncomingMail(Written.MACHINE, digest, about, sender=sender)
    return IncomingMail(Written.PERSON, digest, about, answers, sender=sender, text=own_words(_text(mail)))


def _status(mail: Message) -> Iterator[Reported]:
    """The fields of each recipient in a delivery status (RFC 3464, section 2.3)."""
    for part in mail.walk():
        for block in _blocks(part):
            action = _plain(block, "Action").split("(")[0].strip().lower()
            if action not in _ACTIONS:
                continue
            named = _plain(block, "Original-Recipient") or _plain(block, "Final-Recipient")
            why = _plain(block, "Diagnostic-Code").partition(";")
            told = " ".join((why[2] or why[0] or f"status {_plain(block, 'Status')}").split())[:500]
            yield Reported(parseaddr(named.rpartition(";")[2].strip())[1], _ACTIONS[action], told)


def _returned(mail: Message) -> tuple[str, ...]:
    """The id of the message that the report is about, in its returned copy or headers."""
    found: list[str] = []
    for part in mail.walk():
        if part is mail:
            continue
        if part.get_content_type() == "text/rfc822-headers":
            found += _ids(_plain(email.message_from_string(_decoded(part)), "Message-ID"))
        elif "Message-ID" in part:
            found += _ids(_plain(part, "Message-ID"))
        for block in _blocks(part):
            found += _ids(_plain(block, "Original-Envelope-Id"))
    return tuple(found)


def _blocks(part: Message) -> list[Message]:
    """The groups of fields of a delivery status; empty for any other part."""
    inside = part.get_payload() if part.get_content_type() == "message/delivery-status" else ()
    return [block for block in inside if isinstance(block, Message)] if isinstance(inside, list) else []


def _of_a_server(mail: Message, sender: str) -> bool:
    return _plain(mail, "Return-Path").strip() == "<>" or sender.partition("@")[0].lower() in _SERVERS


def _of_a_machine(mail: Message) -> bool:
    """RFC 3834, and what was usual before it."""
    submitted = _plain(mail, "Auto-Submitted").split(";")[0].strip().lower()
    bulk = _plain(mail, "Precedence").strip().lower() in ("bulk", "list", "junk", "auto_reply", "auto-reply")
    marks = ("X-Autoreply", "X-Autorespond", "List-Id")
    return (submitted not in ("", "no") or bulk or any(mark in mail for mark in marks)
            or mail.get_content_type() == "multipart/report")


def _text(mail: Message) -> str:
    for kind, of in (("text/plain", lambda said: said), ("text/html", words_of_html)):
        for part in mail.walk():
            if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
                return of(_decoded(part))
    return ""


def _body(mail: Message) -> str:
    return "\n".join(_decoded(part) for part in mail.walk() if part.get_content_maintype() == "text")[:200_000]


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset() or "utf-8", errors="replace")
    except LookupError:
        return payload.decode("utf-8", errors="replace")


def _plain(mail: Message, name: str) -> str:
    """A header as text; where it cannot be decoded, as it stands."""
    value = mail.get(name)
    if value is None:
        return ""
    try:
        return " ".join(str(make_header(decode_header(value))).split())
    except (ValueError, LookupError):
        return " ".join(str(value).split())


def _ids(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_ID.findall(text[:200_000])))


def _ascii(address: bytes) -> str:
    return address.decode("ascii", errors="replace")
