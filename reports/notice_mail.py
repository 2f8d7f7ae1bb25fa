"""Notices as mail: to each contact in their language, text and HTML, under an id that never changes."""
from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from reports.client_view import ClientView
from reports.mail import Person
from reports.notice import Reader, notice_html, notice_subject, notice_text
from reports.text import one_line

LONGEST_SUBJECT = 180
SEVEN_BIT = "quoted-printable"          # passes servers that take no 8-bit mail, and keeps each line below 998 octets


def notice_id(key: str, recipient: str, domain: str) -> str:
    """One id for each run of a step and recipient, however often it is prepared. ``domain``: the sender's."""
    digest = hashlib.sha256(recipient.casefold().encode()).hexdigest()
    return f"<{key.replace(':', '.')}.{digest[:16]}@{domain}>"


def notice_mail(view: ClientView, to: Person, reader: Reader, *, message_id: str, at: datetime) -> EmailMessage:
    """Whom it is from is added where it is sent. Raises ValueError for an address that is none."""
    mail = case_mail(to, f"[{view.order}] {notice_subject(view)}", message_id=message_id, at=at)
    mail.set_content(notice_text(view, reader), cte=SEVEN_BIT)
    mail.add_alternative(notice_html(view, reader), subtype="html", cte=SEVEN_BIT)
    mail["Content-Language"] = view.language            # last: setting a content takes such headers away
    return mail


def case_mail(to: Person, subject: str, *, message_id: str, at: datetime) -> EmailMessage:
    """The headers of a case's mail; nothing in them has a line break, whatever a client is called."""
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"], mail["Date"] = message_id, at.astimezone(UTC)
    mail["To"] = Address(one_line(to.name), addr_spec=to.email)
    mail["Subject"] = one_line(subject)[:LONGEST_SUBJECT]
    mail["Auto-Submitted"] = "auto-generated"           # RFC 3834: nobody's holiday notice answers it
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"     # the same for Exchange, which does not look at that
    return mail
