"""What the writer processes of the tests do. Each function opens a store of its own."""
from __future__ import annotations

import os
import random
import time
from datetime import datetime, timedelta

from tasks.model import event as e
from tasks.model.case import Case, State
from tasks.model.ledger import Lease
from tasks.rules.lifecycle import Due, NeedsPerson, Refused, Wait, next_step, overdue
from tasks.wire.store import LeaseLost, Store
from tasks.wire.store.engine import Database, connect, database_url
from tests.rules import story as s


def note(case_id: str, text: str) -> e.Noted:
    return e.Noted(at=s.BEGAN, by=f"pid {os.getpid()}", text=text)


def write_notes(url: str, case_id: str, writer: int, count: int) -> int:
    with Store.open(url) as store:
        return sum(isinstance(store.record(case_id, note(case_id, f"{writer}/{n}")), Case) for n in range(count))


def open_orders(url: str, writer: int, orders: int) -> list[tuple[str, str, bool]]:
    """Every writer opens the same orders, each in an order of its own."""
    numbers = list(range(orders))
    random.Random(writer).shuffle(numbers)
    found = []
    with Store.open(url) as store:
        for number in numbers:
            wanted = s.opened(order=f"SO-{number}", case_id=f"C-{writer}-{number}")
            case, created = store.open_case(wanted)
            found.append((case.order_ref, case.id, created))
    return found


def migrate_and_open(url: str, writer: int) -> bool:
    return open_orders(url, writer, 1)[0][2]


def start_step(url: str, case_id: str, attempt: int) -> bool:
    """Whether this writer's start was the one that counted."""
    with Store.open(url) as store:
        case = store.case(case_id)
        started = e.StepStarted(at=s.BEGAN, by="tend", step="intake", plan_revision=1, attempt=attempt)
        return case.running is None and isinstance(store.record(case_id, started), Case)


def hold_leases(url: str, writer: int, until_s: float) -> list[tuple[int, datetime, datetime]]:
    """Take, keep and give back one lease as often as there is time; sometimes sleep through its end.

    Gives for each: token, when it was acquired, and when it was certainly still held.
    """
    dice, held, ends = random.Random(writer), [], time.monotonic() + until_s
    with Store.open(url) as store:
        while time.monotonic() < ends:
            lease = store.acquire("system:acme", f"w{writer}", 0.15)
            if lease is None:
                time.sleep(dice.uniform(0.005, 0.02))
                continue
            if dice.random() < 0.3:
                time.sleep(0.25)
            else:
                time.sleep(dice.uniform(0, 0.03))
            held.append((lease.token, lease.acquired_at, _used(store, lease)))
    return held


def _used(store: Store, lease: Lease) -> datetime:
    """Act under the lease and give it back; the last moment at which it was known to be held."""
    before = store.now()
    try:
        store.record("C-1", e.Noted(at=s.BEGAN, by=lease.holder, text=f"token {lease.token}"), lease=lease)
        store.release(lease)
    except LeaseLost:
        return lease.acquired_at
    return before


def send_messages(url: str, writer: int) -> list[str]:
    done = []
    with Store.open(url) as store:
        while claimed := store.claim_messages(f"w{writer}", 3):
            for one in claimed:
                done.append(one.message.message_id)
                assert store.message_sent(one)
    return done


def tend(url: str, writer: int, cases: list[str]) -> int:
    """A reconciler, the workers and the people, all in a hurry and all unaware of the others. Gives what it did."""
    done, dice = 0, random.Random(writer)
    clocks = dict.fromkeys(cases, s.BEGAN)
    with Store.open(url) as store:
        for _ in range(3000):
            live = [name for name in cases if store.case(name).state is not State.CLOSED]
            if not live:
                break
            name = dice.choice(live)
            told, clocks[name] = _turn(store.case(name), clocks[name])
            done += sum(isinstance(store.record(name, event), Case) for event in told)
    return done


def _turn(case: Case, now: datetime) -> tuple[list[e.Event], datetime]:
    """What this one would tell of the case as it has just seen it."""
    if case.running:
        return s.good_reports(case, max(now, case.running.started_at)), now
    late = overdue(case, now)
    if late:
        return [late], now
    match next_step(case, now):
        case Due() as due:
            started = e.StepStarted(at=now, by="tend", step=due.step, plan_revision=due.plan_revision,
                                    attempt=due.attempt)
            return [started], now
        case NeedsPerson():
            return [s.good_word(case, now)], now
        case Wait(until=until):
            if case.state is State.NOTIFIED:
                return [s.good_word(case, now)], now
            return [], (until + timedelta(seconds=1) if until else now)


def note_without_end(url: str, case_id: str, told) -> None:
    """Write notes until killed; say each number after it was committed."""
    with Store.open(url) as store:
        number = 0
        while True:
            answer = store.record(case_id, note(case_id, str(number)))
            assert not isinstance(answer, Refused)
            told.send(number)
            number += 1


def stall_in_a_transaction(url: str, case_id: str, told) -> None:
    """Change the case and the journal, and never commit."""
    from tasks.wire.store import cases

    def work(connection) -> None:
        cases.recorded(connection, case_id, note(case_id, "never committed"), (), None)
        told.send("changed")
        time.sleep(600)

    Database(connect(database_url(url))).write(work)
