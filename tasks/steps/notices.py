"""What people are told of a case's inspection: each contact by mail, the ticket by a reply, the engineer by a report.

Prepared from the case as it is; sent by nobody here. The same run of a step gives the same message ids.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reports.client_view import ClientView, client_view
from reports.mail import Person
from reports.notice import Reader, ticket_text
from reports.notice_mail import notice_id, notice_mail
from reports.technical_mail import technical_mail
from reports.text import one_line
from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.fleet import Contact, System
from tasks.model.ledger import Channel, Message
from tasks.model.ticket import Act, Answer, Link
from tasks.rules.known import known_from
from tasks.rules.ticket_words import LONGEST
from tasks.steps.case_site import Site
from tasks.steps.inspection import Kept
from tasks.steps.ticket_answers import message_of
from tasks.wire.case_folder import CaseFolder
from tasks.wire.engineers import load_engineers
from tasks.wire.links import page_link
from tasks.wire.mail_address import fit
from tasks.wire.mail_settings import load_mail_settings

NO_DOMAIN = "uplift.invalid"            # of message ids, where no sender is configured (RFC 2606)


@dataclass(frozen=True)
class Notice:
    """What one contact is told."""

    contact: Contact
    view: ClientView
    reader: Reader


def kept_of(case: Case, home: Path) -> Kept:
    """The case's last inspection. Raises UserError where there is none, or it cannot be read."""
    if case.findings_ref is None:
        raise UserError("not_inspected", f"{case.id} was not inspected yet", "wait for its inspection")
    return CaseFolder(home, case.id).load(Path(case.findings_ref).stem, Kept)


def reached(system: System) -> tuple[Contact, ...]:
    """Each contact once, without those whose address no envelope can hold."""
    found: dict[str, Contact] = {}
    for each in system.contacts:
        if fit(each.email):
            found.setdefault(each.email.casefold(), each)
    return tuple(found.values())


def notices(case: Case, kept: Kept, system: System, home: Path, now: datetime, *, language: str | None = None
            ) -> tuple[Notice, ...]:
    """One for each contact, in their language or in ``language``. Raises UserError where web.yaml is wrong."""
    deciders = tuple(one_line(each.name) for each in system.contacts if each.approves)
    return tuple(
        Notice(each, client_view(case, kept.findings, system, language=language or each.language),
               Reader(name=one_line(each.name), decides=each.approves, deciders=deciders,
                      link=page_link(home, case, each, now)))
        for each in reached(system)
    )


def mails(told: tuple[Notice, ...], key: str, home: Path, now: datetime) -> tuple[Message, ...]:
    domain = sender_domain(home)
    return tuple(_mail(each, notice_id(key, each.contact.email, domain), now) for each in told)


def _mail(notice: Notice, message_id: str, now: datetime) -> Message:
    to = Person(notice.contact.name, notice.contact.email)
    mail = notice_mail(notice.view, to, notice.reader, message_id=message_id, at=now)
    return Message(message_id=message_id, channel=Channel.MAIL, recipients=(to.email,), payload=mail.as_bytes())


def replies(case: Case, told: tuple[Notice, ...], key: str, tickets: tuple[Link, ...]) -> Iterator[Message]:
    """The notice on each ticket of the case, in the language of the first contact who decides."""
    first = next((each for each in told if each.contact.approves), told[0])
    for link in tickets:
        mark = f"{case.id}/{key.partition(':')[2].replace(':', '.')}"
        yield message_of(Answer(desk=link.desk, ticket=link.ticket, mark=mark, act=Act.REPLY,
                                text=ticket_text(first.view, LONGEST)))


def report(case: Case, kept: Kept, site: Site, key: str, now: datetime) -> Message | None:
    """The technical report to the case's engineer; None where engineers.yaml knows no address. Raises UserError."""
    engineer = load_engineers(site.home).named(case.engineer)
    if engineer is None or not fit(engineer.email):
        return None
    message_id = notice_id(f"{key}:report", engineer.email, sender_domain(site.home))
    mail = technical_mail(
        case, kept.findings, kept.remarks, site.system, site.profile, contact=kept.recording.contact,
        known=known_from(kept.recording), inspected_at=kept.recording.started_at, elapsed_s=kept.recording.elapsed_s,
        to=Person(engineer.full_name, engineer.email), message_id=message_id, at=now,
    )
    return Message(message_id=message_id, channel=Channel.MAIL, recipients=(engineer.email,),
                   payload=mail.as_bytes())


def sender_domain(home: Path) -> str:
    """A mail.yaml that cannot be read is told where mail is sent; a notice is prepared all the same."""
    try:
        settings = load_mail_settings(home)
    except UserError:
        return NO_DOMAIN
    return settings.sender.email.rpartition("@")[2] if settings else NO_DOMAIN
