"""The cases' mail out, to a real server: once, and what becomes of it stands in the case."""
from __future__ import annotations

import email
from email.policy import default
from pathlib import Path

import pytest

from tasks.model.case import State
from tasks.model.event import Noted
from tasks.model.ledger import Channel, Message, OutboxState
from tasks.steps import send_mail
from tasks.steps.tend_mail import RESOURCE, tend_mail
from tests.mail.conftest import ANN, BO, EVA, Site, mail_id, private

S = OutboxState


def test_a_notice_that_one_contact_has_is_delivered(site: Site) -> None:
    site.notified(ANN, BO)
    site.server.refuse[BO] = "450 greylisted"
    done = site.round()
    assert (done.sent.taken, done.sent.later, done.troubles) == (1, 1, [])
    assert site.states() == {ANN: S.SENT, BO: S.PENDING}
    assert site.case.state is State.AWAITING_APPROVAL and site.told("delivered") == [{"by": "mail"}]
    site.server.refuse.clear()
    assert site.round().sent.taken == 0                 # not before its time
    site.at_once()
    site.round()
    assert site.states() == {ANN: S.SENT, BO: S.SENT}
    assert [each.rcpt_tos for each in site.server.taken] == [[ANN], [BO]]
    assert len(site.told("delivered")) == 1


def test_what_goes_out_says_whom_it_is_from_and_ends_only_where_it_ends(site: Site) -> None:
    site.notified(ANN)
    site.round()
    raw = site.server.taken[0].original_content
    assert raw.count(b"\n") == raw.count(b"\r\n") and raw.count(b"\r") == raw.count(b"\n")
    mail = email.message_from_bytes(raw, policy=default)
    assert (mail["From"], mail["Auto-Submitted"]) == ("Uplift <uplift@example.net>", "auto-generated")
    assert mail["Message-ID"] == mail_id(ANN) and site.server.taken[0].mail_from == "uplift@example.net"
    assert "\n.\nThis line comes after a lone dot." in mail.get_content().replace("\r\n", "\n")


def test_pauses_grow_and_a_recipient_that_is_refused_for_ever_has_bounced(site: Site) -> None:
    site.notified(ANN)
    site.server.refuse[ANN] = "450 greylisted"
    pauses = []
    for attempt in (0, 1, 2, 7, 8, send_mail.GIVE_UP_AFTER - 1):
        site.at_once(attempt)
        before = site.store.now()
        site.round()
        (one,) = site.store.messages()
        if one.state is S.PENDING:
            assert one.message.not_before is not None
            pauses.append(round((one.message.not_before - before).total_seconds() / 60))
    assert pauses == [1, 2, 4, 128, 240]
    assert site.states() == {ANN: S.BOUNCED} and site.case.state is State.NEEDS_ENGINEER
    assert "refused 20 times: 450 the recipient was refused: greylisted" in str(site.told("bounced")[0]["reason"])


def test_a_recipient_that_is_refused_for_good_bounces_and_with_the_last_one_the_case_goes_to_the_engineer(
    site: Site
) -> None:
    site.notified(ANN, BO)
    site.server.refuse |= {ANN: "550 no such user", BO: "450 later"}
    site.round()
    assert site.case.state is State.NOTIFIED
    assert [(each["recipient"], each["reaches_nobody"]) for each in site.told("bounced")] == [(ANN, False)]
    site.server.refuse[BO] = "550 no such user either"
    site.at_once()
    site.round()
    site.round()
    assert site.states() == {ANN: S.BOUNCED, BO: S.BOUNCED, EVA["email"]: S.SENT}       # the engineer knows
    assert [(each["recipient"], each["reaches_nobody"]) for each in site.told("bounced")] == [(ANN, False), (BO, True)]
    assert site.case.state is State.NEEDS_ENGINEER and site.case.trouble is not None
    assert "no such user either" in site.case.trouble.reason and site.case.trouble.resume is State.INSPECTED
    assert [each.rcpt_tos for each in site.server.taken] == [[EVA["email"]]]


def test_a_message_whose_answer_is_lost_is_in_doubt_and_never_sent_again(site: Site) -> None:
    site.notified(ANN)
    site.server.hang_up = True
    assert site.round().sent.unsure == 1
    site.server.hang_up = False
    for _ in range(3):
        site.at_once()
        assert site.round(stale_s=-1).sent.taken == 0
    assert site.states() == {ANN: S.UNSURE} and len(site.server.taken) == 1
    assert site.case.state is State.NOTIFIED and site.told("delivered") == []


def test_a_server_that_takes_no_mail_is_told_once_a_round_and_costs_no_bounce(site: Site) -> None:
    site.notified(ANN, BO)
    private(site.home / "smtp-password", "wrong")
    for _ in range(2):
        done = site.round()
        assert len(done.troubles) == 1 and "the login was rejected" in done.troubles[0]
        site.at_once()
    assert len(site.server.logins) == 2 and site.states() == {ANN: S.PENDING, BO: S.PENDING}
    assert site.told("bounced") == []


@pytest.mark.parametrize("odd", [
    "ann@acme.example>\r\nRCPT TO:<all@acme.example", "ann@acme.example\nBcc: x", "änn@acme.example",
    "ann@acme.example ", "a\x00nn@acme.example", "ann@", "@acme.example", "ann@acme..example> NOTIFY=NEVER",
    "<ann@acme.example>", "a" * 255,
])
def test_an_odd_address_never_reaches_the_wire(site: Site, odd: str) -> None:
    site.notified(ANN)
    message = Message(message_id="<odd@uplift.invalid>", channel=Channel.MAIL, recipients=(odd,), payload=b"x: y\n\nz")
    site.store.record("C-1", Noted(at=site.store.now(), by="eva", text="x"), messages=[message])
    done = site.round()
    assert done.troubles == [] and done.sent.bounced == 1
    assert [each.rcpt_tos for each in site.server.taken] == [[ANN]]
    assert site.told("bounced")[0]["reason"] == "this address cannot be written in a mail's envelope"


def test_of_two_recipients_of_one_message_the_refused_one_bounces_and_the_other_has_it(site: Site) -> None:
    site.notified(ANN)
    both = Message(message_id="<both@uplift.invalid>", channel=Channel.MAIL, recipients=(ANN, BO), payload=b"x: y\n\nz")
    site.store.record("C-1", Noted(at=site.store.now(), by="eva", text="x"), messages=[both])
    site.server.refuse[BO] = "550 gone"
    site.round()
    assert [each.rcpt_tos for each in site.server.taken] == [[ANN], [ANN]]
    assert [(each["message_id"], each["recipient"]) for each in site.told("bounced")] == [("<both@uplift.invalid>", BO)]
    assert {one.state for one in site.store.messages()} == {S.SENT}


def test_one_at_a_time_and_nothing_without_settings_or_with_wrong_ones(site: Site) -> None:
    site.notified(ANN)
    with site.store.leased(RESOURCE, "another", 60):
        assert site.round().busy and site.server.taken == []
    site.settings(sender={"name": "Uplift", "email": "üplift@example.net"})
    (trouble,) = tend_mail(site.store, site.home)
    assert "cannot stand in an envelope" in trouble
    site.settings(server={"host": "127.0.0.1", "port": site.server.port, "user": "uplift", "credential": "missing"})
    assert len(tend_mail(site.store, site.home)) == 1
    (site.home / "mail.yaml").unlink()
    assert tend_mail(site.store, site.home) == [] and site.states() == {ANN: S.PENDING}


def test_a_maildir_that_is_not_there_is_told_and_mail_goes_out_all_the_same(site: Site, tmp_path: Path) -> None:
    site.notified(ANN)
    site.settings(incoming={"maildir": str(tmp_path / "nowhere")})
    done = site.round()
    assert len(done.troubles) == 1 and "cannot be read" in done.troubles[0]
    assert site.states() == {ANN: S.SENT}


def test_mail_that_belongs_to_no_case_is_left_to_its_own_sender(site: Site) -> None:
    site.store.queue(Message(message_id="<sweep@uplift.invalid>", channel=Channel.MAIL, recipients=(BO,), payload=b"x"))
    site.notified(ANN)
    site.round()
    assert site.states() == {BO: S.PENDING, ANN: S.SENT} and [each.rcpt_tos for each in site.server.taken] == [[ANN]]


def test_a_bounced_mail_that_was_no_notice_says_nothing_of_whom_the_notice_reached(site: Site) -> None:
    site.notified(ANN)
    site.server.refuse |= {ANN: "550 gone", "eva@uplift.example": "550 gone"}
    message = Message(message_id="<report@uplift.invalid>", channel=Channel.MAIL, recipients=("eva@uplift.example",),
                      payload=b"x: y\n\nz")
    site.store.record("C-1", Noted(at=site.store.now(), by="eva", text="x"), messages=[message])
    site.round()
    assert [(each["recipient"], each["reaches_nobody"]) for each in site.told("bounced")] == [
        (ANN, True), ("eva@uplift.example", False)]
