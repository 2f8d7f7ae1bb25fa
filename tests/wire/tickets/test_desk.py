"""Orders in from a real desk over HTTP, answers out onto it, whatever the desk does meanwhile."""
from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import yaml
from pydantic import SecretStr

from deployments.lab.freshdesk.config import Fault
from tasks.model import event as e
from tasks.model.ledger import OutboxState
from tasks.model.ticket import Act, Answer
from tasks.steps import ticket_answers
from tasks.steps.tickets import open_desk, poll, poll_all
from tasks.wire.store import Store
from tasks.wire.tickets import freshdesk
from tasks.wire.tickets.calls import Calls
from tasks.wire.tickets.desk import DeskError
from tests.wire.tickets.conftest import KEY, Site, polled


def test_an_order_becomes_a_case_and_the_ticket_says_so_once(site: Site, store: Store):
    number = site.order()
    assert polled(site, store) == [(str(number), "opened")]
    (case,) = store.cases()
    assert (case.order_ref, case.system_id, str(case.target)) == ("SO-1", "acme", "7.2.0")
    for _ in range(2):
        (reply,), (note,) = site.said(number, private=False), site.said(number, private=True)
        assert f"case {case.id}" in reply and f"[Uplift {case.id}/opened]" in reply and f"[Uplift {case.id}" in note
        assert site.ticket(number)["status"] == 3
        assert polled(site, store) == []


def test_markup_in_a_clients_name_is_text_on_the_ticket(site: Site, store: Store):
    number = site.order()
    polled(site, store)
    (row,) = [r for r in site.api.get(f"tickets/{number}/conversations").json() if r["private"]]
    assert "Acme &lt;b&gt;Ltd&lt;/b&gt;" in row["body"] and "<b>" not in row["body"]


def test_the_same_order_on_two_tickets_is_one_case_and_both_are_answered(site: Site, store: Store):
    one, two = site.order(), site.order()
    assert sorted(polled(site, store)) == [(str(one), "opened"), (str(two), "known")]
    (case,) = store.cases()
    assert all(case.id in site.said(number, private=False)[0] for number in (one, two))


@pytest.mark.parametrize(("told", "outcome", "public", "private"), [
    ({"system": "nobody"}, "unknown_client", "could not match it to a phone system", "no system nobody"),
    ({"email": "eve@evil.example"}, "unknown_client", "could not match it", "eve@evil.example is no contact of acme"),
    ({"target": "9.9"}, "unsupported_hop", "cannot be brought to that release in one step", "no upgrade to 9.9.0"),
    ({"target": "soon"}, "no_release", "could not read the release", "'soon' is not a release"),
    ({"order": "<script>"}, "no_order", "could not read the order's reference", "'<script>' is not an order's"),
])
def test_an_order_that_cannot_be_a_case_is_answered_clearly_once(
    site: Site, store: Store, told: dict[str, str], outcome: str, public: str, private: str
):
    number = site.order(**told)
    assert polled(site, store) == [(str(number), outcome)]
    polled(site, store)
    (reply,), (note,) = site.said(number, private=False), site.said(number, private=True)
    assert public in reply and private in note and site.ticket(number)["status"] == 6
    assert private not in reply and store.cases() == ()


def test_a_second_order_for_a_system_whose_upgrade_is_under_way_is_a_duplicate(site: Site, store: Store):
    site.order("SO-1")
    polled(site, store)
    second = site.order("SO-2")
    assert polled(site, store) == [(str(second), "duplicate")]
    assert "under way already" in site.said(second, private=False)[0] and len(store.cases()) == 1
    store.record(store.cases()[0].id, e.Assigned(at=datetime.now(UTC), by="intake", engineer="mia"))
    polled(site, store)             # its own answers have changed the ticket, and the other case has gone on
    assert len(site.said(second, private=False)) == len(site.said(second, private=True)) == 1


def test_a_client_who_corrects_the_ticket_gets_the_case(site: Site, store: Store):
    number = site.order(target="soon", email="ann@acme.example")
    assert polled(site, store) == [(str(number), "no_release")]
    site.api.put(f"tickets/{number}", json={"custom_fields": {"cf_target": "7.2.0"}, "status": 2})
    assert polled(site, store) == [(str(number), "opened")]
    assert len(site.said(number, private=False)) == 2


def test_tickets_that_are_no_orders_are_left_alone(site: Site, store: Store):
    number = site.order(type="Question")
    assert polled(site, store) == [] and site.said(number, private=True) == []


def test_what_becomes_of_the_case_is_written_back_with_its_engineer_and_status(site: Site, store: Store):
    number = site.order()
    polled(site, store)
    (case,) = store.cases()
    at = datetime.now(UTC)
    store.record(case.id, e.Assigned(at=at, by="intake", engineer="mia"))
    store.record(case.id, e.Cancelled(at=at, by="mia", reason="the client <i>moves</i>"))
    polled(site, store)
    polled(site, store)
    notes = site.said(number, private=True)
    assert len(notes) == 3 and "Assigned to mia" in notes[1] and "the client <i>moves</i>" in notes[2]
    assert "was cancelled" in site.said(number, private=False)[1]
    now = site.ticket(number)
    assert (now["status"], now["responder_id"]) == (4, 72)


def test_every_ticket_of_many_pages_is_dealt_with(site: Site, store: Store, monkeypatch):
    monkeypatch.setattr(freshdesk, "PER_PAGE", 3)
    numbers = {site.order(f"SO-{n}", system="nobody") for n in range(11)}
    assert {int(ticket) for ticket, _ in polled(site, store)} == numbers      # most of one second, over four pages


def test_a_ticket_is_not_passed_over_because_another_one_changes_between_two_pages(
    site: Site, store: Store, monkeypatch
):
    monkeypatch.setattr(freshdesk, "PER_PAGE", 2)
    numbers = []
    for n in range(5):
        numbers.append(site.order(f"SO-{n}", system="nobody"))
        time.sleep(1.1)                 # each in a second of its own
    desk = open_desk(site.home, "support", site.desk)
    seen = []
    for page in desk.changed(datetime.now(UTC) - timedelta(days=1)):
        if not seen:
            site.api.put(f"tickets/{numbers[0]}", json={"priority": 2})      # moves to the end, all others forward
        seen += [int(ticket.id) for ticket in page]
    assert set(seen) == set(numbers)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_desk_that_refuses_for_a_while_is_asked_again(site: Site, store: Store, status: int):
    number = site.order()
    site.goes_wrong(Fault(path="/tickets", status=status, times=2, retry_after_s=1 if status == 429 else None))
    began = time.monotonic()
    assert polled(site, store) == [(str(number), "opened")]
    assert status != 429 or time.monotonic() - began >= 2


def test_a_long_retry_after_ends_the_poll_at_once_and_nothing_is_lost(site: Site, store: Store):
    number = site.order()
    site.goes_wrong(Fault(path="/tickets", status=429, retry_after_s=600))
    began = time.monotonic()
    found = poll(store, site.home, "support", site.desk)
    assert "answered 429" in found.error and time.monotonic() - began < 3
    assert polled(site, store) == [(str(number), "opened")]


@pytest.mark.parametrize("per_minute", [4])
def test_the_accounts_budget_is_kept(site: Site, store: Store):
    site.order()
    found = poll(store, site.home, "support", site.desk)
    assert "429" in found.error + " ".join(found.delivered.troubles)


def test_a_silent_desk_costs_no_more_than_its_patience(site: Site, store: Store):
    site.order()
    site.goes_wrong(Fault(path="/tickets", delay_s=30, times=9))
    began = time.monotonic()
    found = poll(store, site.home, "support", site.desk)
    assert "did not answer in time" in found.error and time.monotonic() - began < 10


def test_a_wrong_key_is_told_without_showing_it(site: Site, store: Store):
    (site.home / "desk.key").write_text("wrong-key")
    found = poll(store, site.home, "support", site.desk)
    assert "answered 401" in found.error and "key_file" in found.error and "wrong-key" not in found.error


def test_a_client_who_writes_our_mark_on_the_ticket_silences_nothing(site: Site, store: Store):
    number = site.order()
    desk = open_desk(site.home, "support", site.desk)
    answer = Answer(desk="support", ticket=str(number), mark="C-1/opened", act=Act.NOTE, text="x")
    site.api.post(f"tickets/{number}/notes", json={"body": "[Uplift C-1/opened]", "private": True, "incoming": True})
    assert not desk.is_done(answer)
    desk.carry_out(answer)
    assert desk.is_done(answer)


def test_a_ticket_that_somebody_closed_stays_closed(site: Site, store: Store):
    number = site.order()
    desk = open_desk(site.home, "support", site.desk)
    site.api.put(f"tickets/{number}", json={"status": 5})
    desk.carry_out(Answer(desk="support", ticket=str(number), mark="C-1/opened", act=Act.UPDATE, status=3))
    assert site.ticket(number)["status"] == 5


def test_a_ticket_that_is_gone_holds_up_no_other(site: Site, store: Store):
    gone = Answer(desk="support", ticket="1", mark="C-1/opened", act=Act.NOTE, text="x")
    store.queue(ticket_answers.message_of(gone))
    number = site.order()
    (found,) = poll_all(store, site.home)
    assert "ticket 1: " in found.delivered.troubles[0] and "404" in found.delivered.troubles[0]
    assert len(site.said(number, private=False)) == len(site.said(number, private=True)) == 1
    (left,) = store.messages(state=OutboxState.PENDING)
    assert left.message.not_before is not None


def test_validation_errors_are_told_in_the_desks_words(site: Site):
    calls = Calls(f"http://127.0.0.1:{site.config.port}", SecretStr(KEY), 3)
    with pytest.raises(DeskError, match="answered 400: status: It should be one of these values"):
        calls.put(f"tickets/{site.order()}", {"status": 99})
    with pytest.raises(DeskError, match="answered 404"):
        calls.get("tickets/1")
    calls.close()


def test_the_stand_in_keeps_its_tickets_over_a_restart(site: Site):
    from deployments.lab.detached import Place
    from deployments.lab.freshdesk.config import MODULE
    from deployments.lab.freshdesk.server import start

    number = site.order()
    Place(site.config.folder, MODULE).stop()
    with pytest.raises(httpx.TransportError):
        site.api.get("tickets")
    start(site.config)
    assert site.ticket(number)["subject"] == "Order"


def test_a_desk_that_is_away_costs_another_nothing(site: Site, store: Store):
    path = site.home / "tickets.yaml"
    told = yaml.safe_load(path.read_text())
    gone = {**told["desks"]["support"], "url": "http://127.0.0.1:9", "patience_s": 1}
    path.write_text(json.dumps({"desks": {"gone": gone, **told["desks"]}}))         # JSON is YAML
    site.order()
    gone_, here = poll_all(store, site.home)
    assert "cannot be reached" in gone_.error and here.error == "" and len(here.seen) == 1
