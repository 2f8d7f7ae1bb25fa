"""Whatever is done to a journal afterwards shows: edited, removed, added, put in another order, cut."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from tasks.model.case import Case, State
from tasks.wire.store import Store
from tasks.wire.store.engine import WRITES, connect, database_url
from tasks.wire.store.journal import entries_of, entry_digest, verify
from tests.rules import story as s
from tests.rules.story import Story
from tests.wire.store.conftest import SERVERS

EDITS = {
    "its time": "UPDATE journal SET at = (SELECT a FROM (SELECT at AS a FROM journal WHERE number = 1) x) "
                "WHERE number = 20",
    "its author": "UPDATE journal SET who = 'Mallory' WHERE number = 5",
    "its kind": "UPDATE journal SET kind = 'noted' WHERE number = 5",
    "its body": "UPDATE journal SET body = '{}' WHERE number = 5",
    "one letter of its body": "UPDATE journal SET body = REPLACE(body, 'eva', 'evb') WHERE number = 3",
    "its case digest": "UPDATE journal SET case_digest = REPEATED WHERE number = 5",
    "its digest": "UPDATE journal SET digest = REPEATED WHERE number = 5",
    "its previous": "UPDATE journal SET previous = REPEATED WHERE number = 5",
    "an entry removed": "DELETE FROM journal WHERE number = 5",
    "the first removed": "DELETE FROM journal WHERE number = 1",
    "the end cut": "DELETE FROM journal WHERE number > 10",
    "all removed": "DELETE FROM journal",
    "the case's document": "UPDATE cases SET document = REPLACE(document, '\"eva\"', '\"mallory\"')",
    "the case's state": "UPDATE cases SET state = 'opened'",
    "the case's order": "UPDATE cases SET order_ref = 'SO-2'",
    "the number of entries": "UPDATE cases SET entries = entries - 1",
    "the head": "UPDATE cases SET head = REPEATED",
    "a body that is no JSON": "UPDATE journal SET body = 'x' WHERE number = 5",
}


@pytest.fixture(scope="module", params=SERVERS)
def engine(request, make_url, tmp_path_factory) -> Iterator[Engine]:
    """A database with the journal of a whole upgrade."""
    url = make_url(request.param, tmp_path_factory.mktemp("told"))
    with Store.open(url) as store:
        case, _ = store.open_case(s.opened())
        for event in Story().until(State.WATCHING).told:
            assert isinstance(store.record(case.id, event), Case)
        assert store.verify_journal() == () and len(store.journal("C-1")) > 20
    engine = connect(database_url(url))
    yield engine
    engine.dispose()


@pytest.fixture
def tampered(engine) -> Iterator[Connection]:
    """A connection whose changes are undone after the test."""
    with engine.execution_options(**{WRITES: True}).connect() as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("edit", EDITS, ids=list(EDITS))
def test_what_was_altered_shows(tampered, edit):
    assert verify(tampered, "C-1") == ()
    assert tampered.execute(text(EDITS[edit].replace("REPEATED", f"'{'a' * 64}'"))).rowcount >= 1
    faults = verify(tampered, "C-1")
    assert faults and all(fault.case_id == "C-1" and str(fault) for fault in faults)


def test_two_entries_that_changed_places_show(tampered):
    for old, new in ((5, 900), (6, 5), (900, 6)):
        tampered.execute(text("UPDATE journal SET number = :new WHERE number = :old"), {"old": old, "new": new})
    assert {fault.number for fault in verify(tampered, "C-1")} >= {5, 6}


def test_an_edited_entry_with_a_new_digest_still_breaks_the_chain(tampered):
    forged = entry_digest(entries_of(tampered, "C-1")[4].model_copy(update={"by": "Mallory"}))
    tampered.execute(text("UPDATE journal SET who = 'Mallory', digest = :d WHERE number = 5"), {"d": forged})
    assert [fault.number for fault in verify(tampered, "C-1")] == [6]


def test_an_entry_added_by_hand_shows(tampered):
    last = len(entries_of(tampered, "C-1"))
    tampered.execute(text(
        "INSERT INTO journal SELECT case_id, number + 1, at, who, kind, body, case_digest, digest, digest "
        "FROM journal WHERE number = :last"), {"last": last})
    whats = " ".join(fault.what for fault in verify(tampered, "C-1"))
    assert f"has {last + 1} entries, {last} were written" in whats


def test_a_case_that_is_not_there_is_told(store):
    (fault,) = store.verify_journal("C-9")
    assert str(fault) == "C-9, the case: there is no such case"
