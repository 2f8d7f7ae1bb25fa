"""A confirmed window as an iCalendar invitation (RFC 5545, RFC 5546): one event a case, updated and cancelled by it.

Instants are written in UTC: every calendar shows them on its owner's clock, whatever becomes of a zone's rules. The
local time that was agreed stands in the description.
"""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from icalendar import Calendar, Event, vCalAddress, vText

from reports.mail import Person
from reports.text import one_line
from tasks.model.case import Case
from tasks.model.window import Window


class Method(StrEnum):
    REQUEST = "REQUEST"         # the first invitation, and each later one
    CANCEL = "CANCEL"


def invitation(
    case: Case, window: Window, *, method: Method, at: datetime, organizer: Person, attendees: Iterable[Person],
    summary: str, description: str,
) -> bytes:
    """The calendar object as UTF-8 with CRLF line ends. Its sequence grows with the case's plan revision.

    A case has one event for its life: a new window moves it, and a lost one cancels it.
    """
    event = Event()
    event.add("uid", f"{case.id}@{organizer.email.rpartition('@')[2]}")
    event.add("sequence", 2 * case.plan_revision + (method is Method.CANCEL))
    event.add("dtstamp", at)
    event.add("dtstart", window.starts_at)
    event.add("dtend", window.ends_at)
    event.add("summary", one_line(summary))
    event.add("description", description)
    event.add("status", "CANCELLED" if method is Method.CANCEL else "CONFIRMED")
    event.add("transp", "OPAQUE")
    event["organizer"] = _address(organizer)
    for attendee in attendees:
        event.add("attendee", _address(attendee), encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//Uplift//pbxware-uplift//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method.value)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _address(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.email}")
    address.params["CN"] = vText(one_line(person.name).replace('"', "'"))
    return address
