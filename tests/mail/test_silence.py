"""A silent client is reminded once each time, in the contact's language, and the engineer learns of it by mail."""
from __future__ import annotations

import email
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from tasks.model import event as e
from tasks.model.case import How, State
from tasks.model.reminder import ReminderPolicy
from tasks.steps import remind
from tasks.steps.tend_mail import Mailed, mail_round
from tasks.wire.mail_settings import load_mail_settings
from tests.mail.conftest import ANN, BO, EVA, SYSTEM, Site, private

NOON = 12


def noon_after(site: Site, days: int) -> datetime:
    """Noon in London, at least so many calendar days after the case came into its state, on a Wednesday."""
    at = site.case.since.astimezone(ZoneInfo("Europe/London")).replace(hour=NOON, minute=0) + timedelta(days=days)
    while at.weekday() != 2:
        at += timedelta(days=1)
    return at.astimezone(UTC)


def round_at(site: Site, now: datetime) -> Mailed:
    settings = load_mail_settings(site.home)
    assert settings is not None
    return mail_round(site.store, site.home, settings, now=lambda: now)


def mails(site: Site) -> list[EmailMessage]:
    return [email.message_from_bytes(each.content, policy=default) for each in site.server.taken]  # type: ignore[misc]


@pytest.fixture
def waiting(site: Site) -> Site:
    """The notice is there, and nobody answers."""
    site.notified(ANN, BO)
    site.round()
    assert site.case.state is State.AWAITING_APPROVAL
    site.server.taken.clear()
    return site


def test_each_contact_is_reminded_once_and_the_engineer_with_the_second(waiting: Site) -> None:
    first = noon_after(waiting, 8)
    assert round_at(waiting, waiting.case.since + timedelta(days=2, hours=20)).sent.taken == 0
    for _ in range(3):
        assert round_at(waiting, first).troubles == []
    ann, bo = mails(waiting)
    assert (ann["To"], bo["To"]) == ("Ann Field <ann@acme.example>", "Bo <bo@acme.example>")
    assert (ann["Subject"], bo["Subject"]) == (
        "Reminder: the upgrade of Acme", "Erinnerung: Aktualisierung der Telefonanlage von Acme")
    assert "which of the steps that we proposed we may take" in ann.get_content().replace("\n", " ")
    assert "vorgeschlagenen Schritte wir ausführen dürfen" in bo.get_content().replace("\n", " ")
    assert (waiting.case.reminders, waiting.case.reminded_at) == (1, first)
    waiting.server.taken.clear()
    round_at(waiting, first + timedelta(days=7))
    assert [each["To"] for each in mails(waiting)][-1] == "Eva Engineer <eva@uplift.example>"
    told = mails(waiting)[-1]
    assert told["Subject"].startswith("C-1: no answer from Acme for ")
    assert "decide on move_to_pjsip" in told.get_content()
    assert "Reminder 2 goes to 2 of its contacts" in told.get_content()
    assert [each["escalated"] for each in waiting.told("reminded")] == [False, True]
    assert len(waiting.told("reminded")[1]["message_ids"]) == 2         # the engineer's is not the client's


def test_nobody_is_reminded_at_night_on_a_holiday_or_after_an_answer(waiting: Site) -> None:
    at = noon_after(waiting, 8)
    assert round_at(waiting, at.replace(hour=23)).sent.taken == 0
    holiday = SYSTEM | {"blackout": [{"first": at.date(), "last": at.date()}]}
    fleet = Path(waiting.home).parent / "fleet.yaml"
    fleet.write_text(yaml.safe_dump({"systems": [holiday]}))
    assert round_at(waiting, at).sent.taken == 0
    fleet.write_text(yaml.safe_dump({"systems": [SYSTEM]}))
    waiting.store.record("C-1", e.ClientSaid(at=at - timedelta(days=1), by="Ann", how=How.MAIL, text="next week"))
    assert round_at(waiting, at).sent.taken == 1        # the engineer reads it
    assert round_at(waiting, at + timedelta(days=7)).sent.taken == 2


def test_a_reminder_that_reaches_nobody_gives_the_case_to_the_engineer(waiting: Site) -> None:
    waiting.server.refuse |= {ANN: "550 gone", BO: "550 gone too"}
    round_at(waiting, noon_after(waiting, 8))
    assert [each["reaches_nobody"] for each in waiting.told("bounced")] == [False, True]
    assert waiting.case.state is State.NEEDS_ENGINEER


def test_a_hostile_name_stays_a_name(waiting: Site) -> None:
    evil = SYSTEM | {"contacts": [{"name": "Ann <script>; Bcc= x, \u202eevil", "email": ANN}]}
    (Path(waiting.home).parent / "fleet.yaml").write_text(yaml.safe_dump({"systems": [evil]}))
    round_at(waiting, noon_after(waiting, 8))
    (mail,) = mails(waiting)
    assert [each.addr_spec for each in mail["To"].addresses] == [ANN] and mail.defects == [] and "Bcc" not in mail
    assert waiting.server.taken[0].rcpt_tos == [ANN]


def test_an_engineer_without_an_address_is_told_where_the_reconciler_runs(waiting: Site) -> None:
    private(waiting.home / "engineers.yaml", yaml.safe_dump({"engineers": [EVA | {"name": "mia"}]}))
    waiting.settings(reminders={"engineer_from": 1})
    at = noon_after(waiting, 8)
    assert [each for each in round_at(waiting, at).troubles if "has no mail address" in each]
    assert round_at(waiting, at).troubles == []


def test_a_case_whose_system_is_gone_costs_only_its_own_reminder(waiting: Site) -> None:
    (Path(waiting.home).parent / "fleet.yaml").write_text(yaml.safe_dump({"systems": [SYSTEM | {"id": "other"}]}))
    done = round_at(waiting, noon_after(waiting, 8))
    assert len(done.troubles) == 1 and done.troubles[0].startswith("C-1 was not reminded: there is no system acme")


def test_a_reconciler_that_dies_after_the_record_reminds_nobody_twice(
    waiting: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = waiting.store.record

    def dies(*args: object, **more: object) -> None:
        real(*args, **more)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    at = noon_after(waiting, 8)
    with monkeypatch.context() as patch:
        patch.setattr(waiting.store, "record", dies)
        with pytest.raises(KeyboardInterrupt):
            remind.remind(waiting.store, waiting.home, ReminderPolicy(), lambda: at)
    assert waiting.server.taken == []
    for _ in range(2):
        round_at(waiting, at)
    assert sorted(each.rcpt_tos[0] for each in waiting.server.taken) == [ANN, BO]
    assert waiting.case.reminders == 1


def test_two_reconcilers_at_once_remind_once(waiting: Site) -> None:
    at, case = noon_after(waiting, 8), waiting.case
    remind.remind(waiting.store, waiting.home, ReminderPolicy(), lambda: at)
    system = remind._Fleets(waiting.home).system(case)
    assert remind._remind(waiting.store, waiting.home, case, system, ReminderPolicy(), at, None) == []    # as it saw it
    round_at(waiting, at)
    assert len(waiting.server.taken) == 2 and waiting.case.reminders == 1


def test_an_undelivered_notice_is_told_to_the_engineer_after_a_day(site: Site) -> None:
    site.notified(ANN)
    site.server.refuse[ANN] = "450 later"
    site.round()
    round_at(site, site.case.since + timedelta(days=1, hours=1))
    (told,) = mails(site)
    assert told["To"] == "Eva Engineer <eva@uplift.example>" and "not delivered within a day" in told.get_content()
    assert "No contact was reminded" in told.get_content()
