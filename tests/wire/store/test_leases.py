"""The right to change a system: one holder, ever higher tokens, the same on SQLite, PostgreSQL and MariaDB."""
from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from tasks.model import event as e
from tasks.model.case import Case
from tasks.wire.store import LeaseLost, leases
from tasks.wire.store.engine import Database, connect, database_url, now
from tests.rules import story as s


def test_a_lease_has_one_holder_and_each_new_one_gets_a_higher_token(store):
    first = store.acquire("system:acme", "w1", 60)
    assert store.acquire("system:acme", "w2", 60) is None
    assert store.acquire("system:acme", "w1", 60) is None       # a second run of the same worker is another run
    assert store.renew(first, 120).expires_at > first.expires_at
    store.release(first)
    assert store.lease("system:acme") is None
    second = store.acquire("system:acme", "w2", 60)
    assert second.token > first.token and second.token == store.newest_token("system:acme")
    for action in (store.renew, lambda lease, _: store.release(lease)):
        with pytest.raises(LeaseLost):
            action(first, 60)


def test_an_expired_lease_is_taken_over_and_its_old_holder_writes_nothing_any_more(store):
    store.open_case(s.opened())
    old = store.acquire("system:acme", "w1", 0.05)
    while store.lease("system:acme"):
        pass
    note = e.Noted(at=s.BEGAN, by="w1", text="still mine")
    assert isinstance(store.record("C-1", note, lease=old), Case)       # late, but nobody else has it
    new = store.acquire("system:acme", "w2", 60)
    assert new.token > old.token
    with pytest.raises(LeaseLost, match="was taken over"):
        store.record("C-1", note, lease=old)
    assert len(store.journal("C-1")) == 2
    assert isinstance(store.record("C-1", note, lease=new), Case)


def test_a_worker_that_slept_through_its_lease_is_refused_though_it_bears_the_new_holders_name(store):
    old = store.acquire("system:acme", "w1", 0.01)
    time.sleep(0.02)
    assert store.acquire("system:acme", "w1", 60).token > old.token
    with pytest.raises(LeaseLost):
        store.renew(old, 60)


def test_a_lease_is_not_taken_over_in_the_middle_of_its_holders_transaction(url, store):
    old = store.acquire("system:acme", "w1", 0.05)
    checked = threading.Event()

    def work(connection) -> datetime:
        leases.check(connection, old)
        checked.set()
        time.sleep(0.3)         # the lease runs out meanwhile
        return now(connection)

    database = Database(connect(database_url(url)))
    with ThreadPoolExecutor(1) as other:
        ending = other.submit(database.write, work)
        assert checked.wait(10)
        time.sleep(0.1)
        new = store.acquire("system:acme", "w2", 60)
        assert new.token > old.token and new.acquired_at >= ending.result()
    database.engine.dispose()


def test_a_lease_for_a_short_piece_of_work_is_given_back(store):
    with store.leased("r", "w1", 60) as mine, store.leased("r", "w2", 60) as other:
        assert mine is not None and other is None
    assert store.acquire("r", "w2", 60).token > mine.token


def test_a_new_database_does_not_begin_below_the_tokens_that_client_systems_have_seen(store):
    before = int(store.now().timestamp())
    first = store.acquire("system:acme", "w1", 60)
    assert first.token >= before            # every database that was lost gave its tokens before this second
    store.release(first)
    second = store.acquire("system:acme", "w1", 60)
    assert second.token > first.token       # and within one second they grow all the same
