"""Times that are proposed, on the client's clock."""
from __future__ import annotations

import email
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest

from reports.mail import Person
from reports.proposal_mail import WORDS, proposal_mail
from tasks.model.case import State
from tasks.model.window import Window
from tests.rules.story import Story

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
SLOTS = tuple(Window.at_local(datetime(2026, 12, day, 22, 30), "Asia/Kathmandu", duration_s=7200, needs_s=1800)
              for day in (1, 3, 6))


def mail(language: str = "en", client: str = "Acme", name: str = "Ann Field", **told: object) -> EmailMessage:
    case = Story().until(State.READY).case.model_copy(update={"client": client})
    more = {"decides": True, "deciders": ("Ann Field",), "link": "https://page.example/case/x"} | told
    made = proposal_mail(case, SLOTS, Person(name, "ann@acme.example"), language=language, message_id="<1@u.example>",
                         at=AT, **more)  # type: ignore[arg-type]
    return email.message_from_bytes(made.as_bytes(), policy=default)  # type: ignore[return-value]


@pytest.mark.parametrize(("language", "first"), [
    ("en", "1. Tuesday 1 December 2026, 22:30 to 00:30"), ("de", "1. Dienstag, 1. Dezember 2026, 22:30 bis 00:30 Uhr"),
    ("fr", "1. Tuesday 1 December 2026, 22:30 to 00:30"),
])
def test_each_time_is_on_the_clients_clock_in_the_contacts_language(language: str, first: str) -> None:
    made = mail(language)
    assert first in made.get_content() and "Asia/Kathmandu" in made.get_content()
    assert "30" in made.get_content() and "https://page.example/case/x" in made.get_content()
    assert made["Content-Language"] == (language if language in WORDS else "en")


def test_who_does_not_decide_is_told_who_does() -> None:
    text = mail(decides=False).get_content()
    assert "Ann Field can choose one of them." in text and "https://" not in text


def test_without_a_page_the_answer_is_a_mail() -> None:
    assert "answer this mail with the number" in mail(link=None).get_content()


def test_a_hostile_name_adds_no_header_and_no_placeholder() -> None:
    made = mail(client="A\r\nBcc: x@y.z {link} {0}", name="An\nn {zone}")
    assert "Bcc" not in made and "{link}" in made["Subject"]
    assert "{zone}" in made.get_content()
