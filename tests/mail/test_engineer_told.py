"""An engineer is written to when a client says something or a case cannot go on: once, whatever dies."""
from __future__ import annotations

import email
from email.policy import default
from typing import Any

from tasks.model import event as e
from tasks.model.case import Case, How
from tasks.model.ledger import OutboxState
from tasks.steps.tell_engineer import tell_engineers
from tests.mail.conftest import ANN, EVA, Site


def says(site: Site, text: str, by: str = "Ann Field <ann@acme.example>") -> None:
    moved = site.store.record("C-1", e.ClientSaid(at=site.store.now(), by=by, how=How.CLIENT_PAGE, text=text))
    assert isinstance(moved, Case)


def to_eva(site: Site) -> list[Any]:
    found = [each for each in site.server.taken if EVA["email"] in each.rcpt_tos]
    return [email.message_from_bytes(each.content or b"", policy=default) for each in found]


def test_a_clients_words_reach_the_engineer_once(site: Site):
    site.notified(ANN)
    says(site, "Please stop: we have a fair <b>tomorrow</b>\r\nBcc: x@y.z")
    for _ in range(3):
        site.round()
    (letter,) = to_eva(site)
    assert "we have a fair <b>tomorrow</b>" in letter.get_content() and "C-1" in letter["Subject"]
    assert "Bcc" not in letter and "ann@acme.example" in letter.get_content()


def test_a_case_that_cannot_go_on_is_told_and_what_the_engineer_wrote_is_not(site: Site):
    site.notified(ANN)
    moved = site.store.record("C-1", e.NeedsEngineer(at=site.store.now(), by="precheck", reason="the disk is full",
                                                      remedy="make room"))
    assert isinstance(moved, Case)
    says(site, "I spoke to her", by="eva")
    site.round()
    (letter,) = to_eva(site)
    assert "the disk is full; make room" in letter.get_content()


def test_a_round_that_died_before_sending_loses_nothing_and_queues_nothing_twice(site: Site):
    site.notified(ANN)
    says(site, "when?")
    assert (tell_engineers(site.store, site.home), tell_engineers(site.store, site.home)) == (1, 0)
    site.round()
    assert len(to_eva(site)) == 1
    assert [m.state for m in site.store.messages("C-1") if m.message.message_id.startswith("<news")] == [
        OutboxState.SENT]


def test_an_engineer_without_an_address_keeps_nothing_from_going_out(site: Site):
    site.notified(ANN)
    (site.home / "engineers.yaml").unlink()
    says(site, "when?")
    assert tell_engineers(site.store, site.home) == 0
    assert site.round().troubles == []
