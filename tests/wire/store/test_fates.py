"""What becomes of a message is written together with what that does to its case; what came in moves a case once."""
from __future__ import annotations

import pytest

from tasks.model import event as e
from tasks.model.case import Case, How, State
from tasks.model.errors import UserError
from tasks.model.ledger import Arrival, Channel, Message, OutboxState, Settled
from tasks.rules.lifecycle import Refused
from tasks.wire.store import Store
from tests.rules import story as s

LETTER = Message(message_id="<1@uplift>", channel=Channel.MAIL, recipients=("ann@acme.example",), payload=b"x")
SAID = e.ClientSaid(at=s.BEGAN, by="Ann", how=How.MAIL, text="on holiday until Monday")


def state_of(store: Store) -> OutboxState:
    return store.messages()[0].state


def queued(store: Store) -> None:
    store.open_case(s.opened())
    assert isinstance(store.record("C-1", e.Noted(at=s.BEGAN, by="eva", text="x"), messages=[LETTER]), Case)


def test_a_bounce_takes_the_message_out_of_its_senders_hands_and_stays(store):
    queued(store)
    (claimed,) = store.claim_messages("sender")
    bounced = e.Bounced(at=s.BEGAN, by="mail", message_id="<1@uplift>", recipient="ann@acme.example", reason="550 no")
    store.record("C-1", bounced, settled=[Settled(message_id="<1@uplift>", state=OutboxState.BOUNCED, detail="550")])
    assert not store.message_sent(claimed) and state_of(store) is OutboxState.BOUNCED
    assert not store.settle_message(Settled(message_id="<1@uplift>", state=OutboxState.SENT))
    assert state_of(store) is OutboxState.BOUNCED and store.journal("C-1")[-1].kind == "bounced"


def test_a_refused_event_settles_nothing(store):
    queued(store)
    answer = store.record("C-1", e.Closed(at=s.BEGAN, by="eva"),
                          settled=[Settled(message_id="<1@uplift>", state=OutboxState.SENT)])
    assert isinstance(answer, Refused) and state_of(store) is OutboxState.PENDING


def test_a_word_on_a_message_that_is_no_longer_as_it_was_leaves_nothing(store):
    queued(store)
    again = Settled(message_id="<1@uplift>", state=OutboxState.PENDING, was=OutboxState.UNSURE)
    entries = len(store.journal("C-1"))
    with pytest.raises(UserError, match="is not unsure any more"):
        store.record("C-1", e.Noted(at=s.BEGAN, by="eva", text="send it again"), settled=[again])
    assert len(store.journal("C-1")) == entries and state_of(store) is OutboxState.PENDING


def test_what_came_in_moves_its_case_once(store):
    queued(store)
    arrival = Arrival(source="mail", id="a" * 64)
    for _ in range(2):
        assert store.record("C-1", SAID, arrival=arrival).state is State.OPENED
    assert [entry.kind for entry in store.journal("C-1")].count("client_said") == 1
    store.note_arrivals("mail", ("b", "c", "b"))
    assert store.known_arrivals("mail", ("a" * 64, "b", "x")) == {"a" * 64, "b"}
    assert store.known_arrivals("maildir", ("b",)) == frozenset()
