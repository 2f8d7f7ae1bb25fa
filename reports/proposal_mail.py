"""The mail that proposes times for the upgrade: on the client's clock, in plain words and the contact's language."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from reports.mail import Person
from reports.notice_mail import SEVEN_BIT, case_mail
from reports.text import one_line
from tasks.model.case import Case
from tasks.model.window import Window


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in one language. ``days``: Monday first; ``months``: January first."""

    subject: str
    greeting: str
    opening: str
    slot: str
    clock: str
    meanwhile: str
    page: str
    no_page: str
    reader: str
    notice: str
    days: tuple[str, ...]
    months: tuple[str, ...]


WORDS = {
    "en": Words(
        subject="Times for the upgrade of {client}", greeting="Dear {name},",
        opening="your telephone system is ready for the upgrade to {target} (order {order}). We propose these times, "
                "in which, by your own calls of the last weeks, hardly anybody telephones:",
        slot="{number}. {day} {date} {month} {year}, {begins} to {ends}",
        clock="All times are on the clock of {zone}.",
        meanwhile="Within that time your telephones are silent for about {minutes} minutes; the rest is for tests, and "
                  "for the way back if something is wrong.",
        page="Please tell us which one suits you, or that none does. Your page: {link}",
        no_page="Please answer this mail with the number of the one that suits you, or say that none does.",
        reader="{deciders} can choose one of them.",
        notice="Nothing is done before one of them is agreed. If nobody chooses, they simply pass.",
        days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                "November", "December"),
    ),
    "de": Words(
        subject="Terminvorschläge für die Aktualisierung von {client}", greeting="Guten Tag {name},",
        opening="Ihre Telefonanlage ist bereit für die Aktualisierung auf {target} (Auftrag {order}). Wir schlagen "
                "diese Zeiten vor, in denen nach Ihren eigenen Anrufen der letzten Wochen kaum jemand telefoniert:",
        slot="{number}. {day}, {date}. {month} {year}, {begins} bis {ends} Uhr",
        clock="Alle Zeiten gelten nach der Uhr von {zone}.",
        meanwhile="Davon sind Ihre Telefone etwa {minutes} Minuten lang stumm; der Rest ist für Prüfungen und, falls "
                  "etwas nicht stimmt, für den Weg zurück.",
        page="Bitte sagen Sie uns, welche Zeit Ihnen passt, oder dass keine passt. Ihre Seite: {link}",
        no_page="Bitte antworten Sie mit der Nummer der Zeit, die Ihnen passt, oder dass keine passt.",
        reader="{deciders} kann eine davon wählen.",
        notice="Bevor eine Zeit vereinbart ist, geschieht nichts. Wählt niemand, verfallen die Vorschläge.",
        days=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        months=("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
                "November", "Dezember"),
    ),
}


def proposal_mail(
    case: Case, slots: Sequence[Window], to: Person, *, language: str, decides: bool, deciders: Sequence[str],
    link: str | None, message_id: str, at: datetime,
) -> EmailMessage:
    """As text. Whom it is from is added where it is sent. Raises ValueError for an address that is none."""
    spoken = language if language in WORDS else "en"
    words = WORDS[spoken]
    about = {
        "client": one_line(case.client), "target": str(case.target), "order": one_line(case.order_ref),
        "name": one_line(to.name), "zone": slots[0].zone, "minutes": max(1, round(case.needed().total_seconds() / 60)),
        "link": link or "", "deciders": ", ".join(map(one_line, deciders)),
    }
    answer = (words.page if link else words.no_page) if decides else words.reader if deciders else ""
    before, after = ([each.format(**about) for each in part] for part in (
        (words.greeting, words.opening), (words.clock, words.meanwhile, answer, words.notice)))
    body = (*before, "\n".join(_slot(number, slot, words) for number, slot in enumerate(slots, start=1)), *after)
    mail = case_mail(to, f"[{one_line(case.order_ref)}] {words.subject.format(**about)}", message_id=message_id, at=at)
    mail.set_content("\n\n".join(filter(None, body)) + "\n", cte=SEVEN_BIT)
    mail["Content-Language"] = spoken                   # last: setting a content takes such headers away
    return mail


def _slot(number: int, slot: Window, words: Words) -> str:
    local, ends = (moment.astimezone(ZoneInfo(slot.zone)) for moment in (slot.starts_at, slot.ends_at))
    return words.slot.format(
        number=number, day=words.days[local.weekday()], date=local.day, month=words.months[local.month - 1],
        year=local.year, begins=f"{local:%H:%M}", ends=f"{ends:%H:%M}",
    )
