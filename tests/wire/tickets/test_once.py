"""Doubt, death and company: however a poller ends and however many there are, a ticket is answered once."""
from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.lab.freshdesk.config import Fault
from tasks.model.ledger import OutboxState
from tasks.model.ticket import Act, Answer
from tasks.steps.ticket_answers import deliver
from tasks.steps.tickets import open_desk, poll_all
from tasks.wire.store import Store
from tasks.wire.tickets import freshdesk
from tests.wire.tickets.conftest import Site, polled


@pytest.mark.parametrize("fault", [
    Fault(method="POST", path="/reply", status=500, done=True),
    Fault(method="POST", path="/notes", delay_s=6, done=True),
], ids=["lost answer", "late answer"])
def test_a_post_whose_answer_was_lost_is_found_on_the_ticket_and_not_sent_again(
    site: Site, store: Store, fault: Fault
):
    number = site.order()
    site.goes_wrong(fault)
    polled(site, store)
    polled(site, store)
    assert len(site.said(number, private=False)) == len(site.said(number, private=True)) == 1
    assert {each.state for each in store.messages()} == {OutboxState.SENT}


def test_a_post_in_doubt_is_unsure_and_sent_again_only_when_the_ticket_says_after_a_pause_that_it_is_not_there(
    site: Site, store: Store
):
    number = site.order()
    site.goes_wrong(Fault(method="POST", path="/reply", status=502))
    (found,) = poll_all(store, site.home)
    assert found.delivered.unsure == 1
    desk = open_desk(site.home, "support", site.desk)
    polled(site, store)
    (unsure,) = store.messages(state=OutboxState.UNSURE)
    assert "502" in unsure.detail and site.said(number, private=False) == []
    deliver(store, desk, "later", settle_s=0)
    assert len(site.said(number, private=False)) == 1 and not store.messages(state=OutboxState.UNSURE)


def killed_after_posting(home: Path, said) -> None:
    """A poller that dies when the desk has the reply and the case database does not know it."""
    carry_out = freshdesk.Freshdesk.carry_out

    def last(self, answer: Answer) -> None:
        carry_out(self, answer)
        if answer.act is Act.REPLY:
            said.send("posted")
            os.kill(os.getpid(), signal.SIGKILL)

    freshdesk.Freshdesk.carry_out = last
    with Store.open(f"sqlite:///{home}/uplift.db") as store:
        poll_all(store, home)


def killed_after_opening(home: Path, said) -> None:
    """A poller that dies when the case is there and the ticket's link is not."""

    def never(self, link, messages=()) -> None:
        said.send("opened")
        os.kill(os.getpid(), signal.SIGKILL)

    Store.link_ticket = never
    with Store.open(f"sqlite:///{home}/uplift.db") as store:
        poll_all(store, home)


@pytest.mark.parametrize("victim", [killed_after_posting, killed_after_opening], ids=lambda each: each.__name__)
def test_a_poller_killed_at_the_worst_moment_answers_once(
    site: Site, store: Store, victim: Callable[..., None], monkeypatch
):
    number = site.order()
    told, tells = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=victim, args=(site.home, tells))
    process.start()
    assert told.poll(20)
    process.join(20)
    assert process.exitcode == -signal.SIGKILL
    (lease,) = [store.lease("tickets:support")]
    assert lease is not None
    store.release(lease)                # its ten minutes are over
    monkeypatch.setitem(deliver.__kwdefaults__, "stale_s", -1)       # and its message's fifteen
    poll_all(store, site.home)
    polled(site, store)
    assert len(site.said(number, private=False)) == len(site.said(number, private=True)) == 1
    assert len(store.cases()) == 1 and {each.state for each in store.messages()} == {OutboxState.SENT}


def poller(home: Path, said) -> None:
    with Store.open(f"sqlite:///{home}/uplift.db") as store:
        for _ in range(3):
            poll_all(store, home)
    said.send("done")


def test_two_pollers_at_once_answer_each_ticket_once(site: Site, store: Store):
    numbers = [site.order(f"SO-{n}", system=system) for n, system in enumerate(("acme", "other", "third"))]
    _, tells = multiprocessing.Pipe(duplex=False)
    both = [multiprocessing.get_context("fork").Process(target=poller, args=(site.home, tells)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(60)
    polled(site, store)
    assert [len(site.said(number, private=False)) for number in numbers] == [1, 1, 1]
    assert len(store.cases()) == 3


def test_senders_without_the_lease_do_not_write_twice_either(site: Site, store: Store):
    number = site.order()
    desk = open_desk(site.home, "support", site.desk)
    polled(site, store)
    queued = store.messages()
    for each in queued:                 # as if it was not known that it had been sent
        assert desk.is_done(Answer.model_validate_json(each.message.payload))
    store.queue(*(each.message for each in queued))
    deliver(store, desk, "another")
    assert len(site.said(number, private=False)) == 1
