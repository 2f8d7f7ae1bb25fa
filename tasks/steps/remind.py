"""Silence: who has not answered is reminded, once each time, and the engineer learns of it.

The mails go into the outbox in the transaction that records the reminder.
"""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from reports.mail import Person
from reports.reminder_mail import reminder_mail, silence_mail
from tasks.analysis.closed_days import closed_days
from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.event import Reminded
from tasks.model.fleet import System
from tasks.model.ledger import Channel, JournalEntry, Lease, Message
from tasks.model.reminder import ReminderPolicy
from tasks.rules.business_days import Calendar
from tasks.rules.lifecycle import Refused
from tasks.rules.reminders import REMINDED_IN, Reminder, reminder_due, silent_for_long
from tasks.wire.case_folder import CaseFolder
from tasks.wire.engineers import load_engineers
from tasks.wire.fleet_file import load_fleet
from tasks.wire.links import page_link
from tasks.wire.mail_address import fit
from tasks.wire.store.cases import CaseChanged
from tasks.wire.store.engine import StoreUnavailable
from tasks.wire.store.leases import LeaseLost
from tasks.wire.store.store import Store

REMINDER = "reminders"          # who says it, in the journal
_LOOKED_BACK, _LOOKED_AHEAD = timedelta(days=120), timedelta(days=120)     # for holidays


def remind(store: Store, home: Path, policy: ReminderPolicy, now: Callable[[], datetime], lease: Lease | None = None
           ) -> list[str]:
    """Queue what is due; gives what went wrong, in sentences. One case's trouble costs only its own reminder."""
    troubles, fleets = [], _Fleets(home)
    for case in store.cases(REMINDED_IN):
        try:
            if silent_for_long(case, policy, now()):
                troubles += _remind(store, home, case, fleets.system(case), policy, now(), lease)
        except (StoreUnavailable, LeaseLost):
            raise
        except UserError as error:
            troubles.append(f"{case.id} was not reminded: {error}")
    return troubles


class _Fleets:
    """Each fleet file is read once a round, however many of its cases wait."""

    def __init__(self, home: Path) -> None:
        self._home, self._read = home, dict[Path, dict[str, System]]()

    def system(self, case: Case) -> System:
        """Raises UserError where it is not in the fleet file that the case was opened with."""
        path = CaseFolder(self._home, case.id).fleet()
        if path not in self._read:
            self._read[path] = {each.id: each for each in load_fleet(path, home=self._home).systems}
        found = self._read[path].get(case.system_id)
        if found is None:
            raise UserError("system_not_found", f"there is no system {case.system_id} in {path}",
                            "give the id of a system of that fleet")
        return found


def _remind(
    store: Store, home: Path, case: Case, system: System, policy: ReminderPolicy, now: datetime, lease: Lease | None
) -> list[str]:
    due = reminder_due(case, policy, calendar_of(system, now), now, _heard_at(store.journal(case.id)))
    if due is None:
        return []
    letters = _to_client(case, system, home, due, now) if due.to_client else []
    told, troubles = _to_engineer(case, home, due, len(letters), now) if due.to_engineer else ([], [])
    if due.to_client and not letters:
        troubles.append(f"{case.id}: the fleet file names no contact of {case.system_id} that a mail can be sent to")
    event = Reminded(at=now, by=REMINDER, message_ids=tuple(each.message_id for each in letters),
                     escalated=due.to_engineer)
    try:
        moved = store.record(case.id, event, messages=[*letters, *told], expected=case, lease=lease)
    except CaseChanged:
        return []                               # looked at again in the next round
    return [f"{case.id} was not reminded: {moved}"] if isinstance(moved, Refused) else troubles


def calendar_of(system: System, now: datetime) -> Calendar:
    """The client's business days. Where the country's holidays are not known, they count as days like any other."""
    span = (now.date() - _LOOKED_BACK, now.date() + _LOOKED_AHEAD)
    closed = closed_days(system.country, system.blackout, *span)
    if closed is None:
        days = (span[0] + timedelta(days=ahead) for ahead in range((span[1] - span[0]).days))
        closed = {day: each.reason for day in days for each in system.blackout if each.first <= day <= each.last}
    return Calendar(system.zone, system.business_hours, frozenset(closed))


def _heard_at(journal: tuple[JournalEntry, ...]) -> datetime | None:
    return next((entry.at for entry in reversed(journal) if entry.kind == "client_said"), None)


def _to_client(case: Case, system: System, home: Path, due: Reminder, now: datetime) -> list[Message]:
    """One for each contact; none for an address that no envelope can hold."""
    letters = []
    for contact in {each.email.casefold(): each for each in system.contacts if fit(each.email)}.values():
        mail = reminder_mail(case, Person(contact.name, contact.email), language=contact.language,
                             link=page_link(home, case, contact, now), number=due.number, at=now)
        letters.append(_message(mail, contact.email))
    return letters


def _to_engineer(
    case: Case, home: Path, due: Reminder, reached: int, now: datetime
) -> tuple[list[Message], list[str]]:
    engineer = load_engineers(home).named(case.engineer)
    if engineer is None or not fit(engineer.email):
        name = case.engineer or "nobody"
        return [], [f"{case.id}: its engineer ({name}) has no mail address in engineers.yaml, so that the client's "
                    "silence is told here; reach the client"]
    mail = silence_mail(case, Person(engineer.full_name, engineer.email), what=due.what, number=due.number,
                        reached=reached, at=now)
    return [_message(mail, engineer.email)], []


def _message(mail: EmailMessage, recipient: str) -> Message:
    return Message(message_id=str(mail["Message-ID"]), channel=Channel.MAIL, recipients=(recipient,),
                   payload=mail.as_bytes())
