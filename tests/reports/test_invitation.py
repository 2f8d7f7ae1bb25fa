"""A window in the client's calendar: one event a case, whatever becomes of the window."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from reports.invitation import Method, invitation
from reports.mail import Person
from tasks.model.case import State
from tasks.model.window import Window
from tests.rules.story import Story

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
US, ANN = Person("Uplift", "uplift@uplift.example"), Person('Ann "the boss"\r\nBCC: x@y.z', "ann@acme.example")


def event(window: Window, method: Method = Method.REQUEST, revision: int = 1, **told: Any) -> tuple[Calendar, Any]:
    case = Story().until(State.SCHEDULED).case.model_copy(update={"plan_revision": revision})
    words = {"summary": "Upgrade of your phone system", "description": "Northgate; to 7.2.0, bye"} | told
    written = invitation(case, window, method=method, at=AT, organizer=US, attendees=(ANN,), **words)
    assert all(len(line) <= 75 for line in written.split(b"\r\n")) and b"\n" not in written.replace(b"\r\n", b"")
    calendar = Calendar.from_ical(written)
    (found,) = calendar.walk("VEVENT")
    return calendar, found


@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_it_says_the_instants_of_the_window_whatever_its_zone(zone: str) -> None:
    window = Window.at_local(datetime(2026, 12, 1, 22), zone, duration_s=7200, needs_s=1800)
    calendar, found = event(window)
    assert calendar["METHOD"] == "REQUEST" and found["STATUS"] == "CONFIRMED"
    assert found.decoded("DTSTART") == window.starts_at and found.decoded("DTEND") == window.ends_at


def test_a_new_window_moves_the_event_and_a_lost_one_cancels_it() -> None:
    window = Window.at_local(datetime(2026, 12, 1, 22), "Europe/London", duration_s=7200, needs_s=1800)
    later = window.model_copy(update={"starts_at": window.starts_at + timedelta(days=1)})
    _, first = event(window)
    calendar, cancelled = event(window, Method.CANCEL)
    _, moved = event(later, revision=2)
    assert len({one["UID"] for one in (first, cancelled, moved)}) == 1
    assert first["SEQUENCE"] < cancelled["SEQUENCE"] < moved["SEQUENCE"]
    assert (calendar["METHOD"], cancelled["STATUS"]) == ("CANCEL", "CANCELLED")


def test_a_name_or_text_from_outside_adds_no_line() -> None:
    window = Window.at_local(datetime(2026, 12, 1, 22), "Europe/London", duration_s=7200, needs_s=1800)
    _, found = event(window, summary="Acme\r\nATTACH:http://evil.example", description="a\nATTACH:http://evil.example")
    assert "ATTACH" not in found and "BCC" not in found
    assert found["DESCRIPTION"] == "a\nATTACH:http://evil.example"
    assert str(found["ATTENDEE"]) == "mailto:ann@acme.example"
