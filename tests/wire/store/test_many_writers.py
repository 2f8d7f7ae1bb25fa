"""Eight processes at once, and what is left when one is killed."""
from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from tasks.model import event as e
from tasks.model.case import Case, State
from tasks.model.ledger import Channel, Message
from tasks.wire.store import Store
from tests.rules import story as s
from tests.wire.store import writing

EIGHT = range(8)


def test_no_update_is_lost_and_the_chain_holds(url, store, writers):
    for number in (1, 2):
        store.open_case(s.opened(order=f"SO-{number}", case_id=f"C-{number}"))
    asked = [(url, f"C-{number % 2 + 1}", number, 20) for number in EIGHT]
    assert sum(writers.map(writing.write_notes, *zip(*asked, strict=True))) == 160
    for case_id, parity in (("C-1", 0), ("C-2", 1)):
        texts = [entry.body["text"] for entry in store.journal(case_id)[1:]]
        assert sorted(texts) == sorted(f"{w}/{n}" for w in EIGHT if w % 2 == parity for n in range(20))
        for writer in EIGHT:
            own = [int(text.split("/")[1]) for text in texts if text.startswith(f"{writer}/")]
            assert own == sorted(own)
    assert store.verify_journal() == ()


def test_one_order_is_one_case_however_many_ask(url, store, writers):
    found = [row for rows in writers.map(writing.open_orders, [url] * 8, EIGHT, [10] * 8) for row in rows]
    assert len({(order, case_id) for order, case_id, _ in found}) == 10 == len(store.cases())
    assert Counter(order for order, _, created in found if created) == {f"SO-{n}": 1 for n in range(10)}


def test_a_step_that_eight_start_at_once_is_started_once(url, store, writers):
    store.open_case(s.opened())
    for attempt in (1, 2):
        won = list(writers.map(writing.start_step, [url] * 8, ["C-1"] * 8, [attempt] * 8))
        assert won.count(True) == 1
        run = store.case("C-1").running.key
        store.record("C-1", e.StepDied(at=s.BEGAN, by="tend", run=run, reason="killed"))
    assert [run.key for run in store.step_runs("C-1")] == ["C-1:intake:1:1", "C-1:intake:1:2"]


def test_a_lease_has_one_holder_at_a_time_and_tokens_only_grow(url, store, writers):
    store.open_case(s.opened())
    held = sorted(row for rows in writers.map(writing.hold_leases, [url] * 8, EIGHT, [2.0] * 8) for row in rows)
    tokens = [token for token, _, _ in held]
    assert len(set(tokens)) == len(held) > 10
    for (_, _, still_held), (_, taken, _) in pairwise(held):
        assert taken >= still_held
    acted = [int(entry.body["text"].split()[1]) for entry in store.journal("C-1")[1:]]
    assert acted == sorted(acted) and len(set(acted)) == len(acted)     # no older token wrote after a newer one
    assert store.verify_journal() == ()


def test_every_message_is_sent_by_one_sender(url, store, writers):
    store.queue(*(Message(message_id=f"<{n}@u>", channel=Channel.MAIL, recipients=("a@b",), payload=b"x")
                  for n in range(60)))
    sent = [name for names in writers.map(writing.send_messages, [url] * 8, EIGHT) for name in names]
    assert sorted(sent) == sorted(f"<{n}@u>" for n in range(60))


def test_eight_reconcilers_bring_cases_to_their_end_with_one_launch_each(url, store, writers):
    names = ["C-1", "C-2", "C-3"]
    for number, name in enumerate(names):
        store.open_case(s.opened(order=f"SO-{number}", case_id=name))
    done = sum(writers.map(writing.tend, [url] * 8, EIGHT, [names] * 8))
    entries = [entry for name in names for entry in store.journal(name)]
    assert done == len(entries) - 3
    kinds = Counter((entry.case_id, entry.kind) for entry in entries)
    for name in names:
        assert store.case(name).state is State.CLOSED
        assert kinds[name, "upgrade_launching"] == kinds[name, "upgrade_finished"] == kinds[name, "closed"] == 1
        keys = [run.key for run in store.step_runs(name)]
        assert len(set(keys)) == len(keys)
    assert store.verify_journal() == ()


@pytest.fixture
def doomed():
    """Start a process that will be killed; gives it and the pipe on which it speaks."""
    context, begun = multiprocessing.get_context("forkserver"), []

    def start(work, *arguments):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(*arguments, theirs), daemon=True)
        process.start()
        begun.append(process)
        return process, ours

    yield start
    for process in begun:
        if process.is_alive():
            process.kill()
        process.join(10)


def test_what_a_writer_committed_before_it_was_killed_is_there_and_nothing_else_is(url, store, doomed):
    store.open_case(s.opened())
    expected = 0
    for wait_s in (0.0, 0.031, 0.077):
        process, pipe = doomed(writing.note_without_end, url, "C-1")
        assert pipe.poll(20), "the writer did not begin"
        time.sleep(wait_s)
        os.kill(process.pid, signal.SIGKILL)
        process.join(10)
        said = 0
        while pipe.poll():
            try:
                said = pipe.recv() + 1
            except EOFError:
                break
        written = len(store.journal("C-1")) - 1 - expected
        assert written in (said, said + 1)      # the last may have been committed and not said
        expected += written
        assert store.verify_journal() == ()
        assert isinstance(store.record("C-1", writing.note("C-1", "after")), Case)
        expected += 1


def test_a_writer_killed_inside_its_transaction_leaves_nothing_and_blocks_nobody(url, store, doomed):
    store.open_case(s.opened())
    process, pipe = doomed(writing.stall_in_a_transaction, url, "C-1")
    assert pipe.poll(20) and pipe.recv() == "changed"
    assert len(store.journal("C-1")) == 1       # readers are not kept waiting
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    began = time.monotonic()
    assert isinstance(store.record("C-1", writing.note("C-1", "after")), Case)
    assert time.monotonic() - began < 10
    assert [entry.body.get("text") for entry in store.journal("C-1")] == [None, "after"]
    with Store.open(url) as other:
        assert other.verify_journal() == () and other.case("C-1").since + timedelta(0) == s.BEGAN
