"""Mails about silence: to the client, in plain words and the contact's language, and to the engineer."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from reports.mail import Person
from reports.text import one_line
from tasks.model.case import Case, State

_S = State


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in one language. ``asked``: what each state waits for, as the client knows it."""

    subject: str
    greeting: str
    opening: str
    asked: dict[State, str]
    page: str
    no_page: str
    ending: str


WORDS = {
    "en": Words(
        subject="Reminder: the upgrade of {client}", greeting="Dear {name},",
        opening="The upgrade of your telephone system to {target} (order {order}) is waiting for you.",
        asked={
            _S.AWAITING_APPROVAL: "Please tell us which of the steps that we proposed we may take. Until you decide, "
                                  "nothing is done on your system.",
            _S.REMEDIATING: "Something that only you can do is still open. Please do it and tell us when it is done.",
            _S.PROPOSED: "Please choose one of the times that we proposed for the upgrade. They pass if nobody chooses "
                         "one.",
            _S.SCHEDULED: "Please make a backup of your system before the agreed time, and tell us where it lies. "
                          "Without a backup we do not begin.",
        },
        page="You can do that here: {link}", no_page="Please answer this mail, and your engineer will see to it.",
        ending="If something keeps you from it, answer this mail in a few words. We will find another way.",
    ),
    "de": Words(
        subject="Erinnerung: Aktualisierung der Telefonanlage von {client}", greeting="Guten Tag {name},",
        opening="die Aktualisierung Ihrer Telefonanlage auf {target} (Auftrag {order}) wartet auf Sie.",
        asked={
            _S.AWAITING_APPROVAL: "Bitte teilen Sie uns mit, welche der vorgeschlagenen Schritte wir ausführen dürfen. "
                                  "Bis dahin verändern wir an Ihrer Anlage nichts.",
            _S.REMEDIATING: "Etwas, das nur Sie erledigen können, ist noch offen. Bitte erledigen Sie es und sagen Sie "
                            "uns Bescheid.",
            _S.PROPOSED: "Bitte wählen Sie einen der vorgeschlagenen Termine. Ohne Ihre Wahl verfallen sie.",
            _S.SCHEDULED: "Bitte erstellen Sie vor dem vereinbarten Termin eine Sicherung Ihrer Anlage und teilen Sie "
                          "uns mit, wo sie liegt. Ohne Sicherung beginnen wir nicht.",
        },
        page="Das geht hier: {link}", no_page="Bitte antworten Sie auf diese Mail; Ihr Techniker kümmert sich darum.",
        ending="Falls Sie etwas daran hindert, antworten Sie kurz auf diese Mail. Wir finden einen anderen Weg.",
    ),
}


def reminder_id(case: Case, number: int, recipient: str) -> str:
    """One id for each reminder and recipient, however often it is prepared."""
    about = "\n".join((case.id, case.state, case.since.isoformat(), str(number), recipient.casefold()))
    return f"<remind.{case.id}.{hashlib.sha256(about.encode()).hexdigest()[:32]}@uplift.invalid>"


def reminder_mail(
    case: Case, to: Person, *, language: str, link: str | None, number: int, at: datetime
) -> EmailMessage:
    """The client's reminder, as text. Whom it is from is added where it is sent. Raises ValueError for an address that
    is none."""
    words = WORDS.get(language, WORDS["en"])
    about = {"client": one_line(case.client), "target": str(case.target), "order": one_line(case.order_ref),
             "name": one_line(to.name), "link": link or ""}
    body = (words.greeting, words.opening, words.asked[case.state], words.page if link else words.no_page,
            words.ending)
    mail = _mail(to, at, reminder_id(case, number, to.email), words.subject.format(**about))
    mail.set_content("\n\n".join(each.format(**about) for each in body) + "\n")
    mail["Content-Language"] = language if language in WORDS else "en"      # setting a content takes it away
    return mail


def silence_mail(case: Case, to: Person, *, what: str, number: int, reached: int, at: datetime) -> EmailMessage:
    """To the engineer: for how long the case has waited, for what, and how often the client was reminded."""
    days = (at - case.since).days
    mail = _mail(to, at, reminder_id(case, number, f"engineer {to.email}"),
                 f"{case.id}: no answer from {one_line(case.client)} for {days} days")
    told = f"Reminder {number} goes to {reached} of its contacts now." if reached else "No contact was reminded."
    mail.set_content("\n\n".join((
        f"{case.id} ({one_line(case.client)}, {case.system_id} to {case.target}, order {one_line(case.order_ref)}) has "
        f"been {case.state} since {case.since:%Y-%m-%d %H:%M} UTC.",
        f"It waits for: {one_line(what)}.", told,
        f"Please reach the client. `uplift case show {case.id}` has the story so far.",
    )) + "\n")
    return mail


def news_mail(
    case: Case, to: Person, *, said: str, by: str, at: datetime, message_id: str
) -> EmailMessage:
    """To the engineer: what somebody said, or why the case cannot go on. Raises ValueError for no address."""
    mail = _mail(to, at, message_id, f"{case.id}, {one_line(case.client)}: {one_line(said)}"[:180])
    mail.set_content("\n\n".join((
        one_line(said), f"By {one_line(by)}, {at:%Y-%m-%d %H:%M} UTC.",
        f"{case.id} ({one_line(case.client)}, {case.system_id} to {case.target}, order {one_line(case.order_ref)}) is "
        f"{case.state}.", f"`uplift case show {case.id}` has the story so far, and what comes next.",
    )) + "\n")
    return mail


def _mail(to: Person, at: datetime, message_id: str, subject: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"], mail["Date"] = message_id, at.astimezone(UTC)
    mail["To"] = Address(one_line(to.name), addr_spec=to.email)
    mail["Subject"] = one_line(subject)
    return mail
