"""Personal data of a case that is over go at their deadline, once, wherever a reconciler dies."""
from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from tasks.model.case import Case, Step
from tasks.model.event import Cancelled, DataKept, Noted
from tasks.model.incoming_mail import Fate, Reported
from tasks.model.ledger import Channel, Message, OutboxState
from tasks.rules.lifecycle import Refused
from tasks.steps.receive_mail import became
from tasks.steps.tend import tend_once
from tasks.wire.case_folder import CaseFolder
from tasks.wire.store import Store

ANN = "ann.field@acme.example"
DAY = timedelta(days=1)


class Seen(BaseModel):
    text: str


class Died(BaseException):
    """As a kill: nothing catches it."""


def letter(number: int) -> Message:
    return Message(message_id=f"<{number}@uplift>", channel=Channel.MAIL, recipients=(ANN,), payload=b"Dear " * 9)


@pytest.fixture
def over(case: Case, store: Store, home: Path) -> Case:
    """Cancelled a moment ago, with an inspection, a mail that was sent and one that never was."""
    CaseFolder(home, case.id).save("inspection-1-1", Seen(text=ANN))
    letters = (letter(1), letter(2))
    store.record(case.id, Noted(at=store.now(), by="eva", text="told"), messages=letters)
    sent = store.claim_messages("mailer", only=("<1@uplift>",))[0]
    store.message_sent(sent, f"250 {ANN} accepted")
    ended = store.record(case.id, Cancelled(at=store.now(), by="eva", reason="the client stays"))
    assert isinstance(ended, Case)
    return ended


def at(store: Store, later: timedelta) -> Callable[[], datetime]:
    return lambda: store.now() + later


async def tend(store: Store, home: Path, later: timedelta) -> None:
    async def start(case: Case, step: Step, key: str) -> None:
        raise AssertionError(f"{step} was started in a case that is over")

    await tend_once(store, home=home, now=at(store, later), start=start)


def kinds(store: Store, case: Case) -> list[str]:
    return [entry.kind for entry in store.journal(case.id)]


def names(home: Path, case: Case) -> list[str]:
    return sorted(path.name for path in (home / "cases" / case.id).iterdir())


async def test_nothing_goes_before_the_deadline_and_everything_after_it(over: Case, store: Store, home: Path) -> None:
    await tend(store, home, 89 * DAY)
    assert names(home, over) == ["inspection-1-1.json", "origin.json"]
    assert [each.message.recipients for each in store.messages(over.id)] == [(ANN,), (ANN,)]

    await tend(store, home, 91 * DAY)
    assert names(home, over) == ["origin.json"]
    assert [(each.message.payload, each.message.recipients, each.state) for each in store.messages(over.id)] == [
        (b"", ("erased",), OutboxState.SENT), (b"", ("erased",), OutboxState.BOUNCED)]
    assert kinds(store, over)[-2:] == ["erasure_asked", "erased"]
    told = store.journal(over.id)[-1].body["what"]
    assert told == "1 file of the case's folder, 2 messages"
    assert store.case(over.id).erased_at is not None
    assert store.verify_journal(over.id) == ()
    await tend(store, home, 92 * DAY)
    assert kinds(store, over).count("erased") == 1


async def test_what_was_mailed_stands_nowhere_in_the_database_file(over: Case, store: Store, home: Path) -> None:
    await tend(store, home, 91 * DAY)
    with sqlite3.connect(home / "uplift.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    content = b"".join((home / name).read_bytes() for name in ("uplift.db", "uplift.db-wal") if (home / name).exists())
    assert ANN.encode() not in content and b"Dear Dear" not in content


async def test_a_mail_of_an_erased_case_is_never_sent_nor_queued_anew(over: Case, store: Store, home: Path) -> None:
    await tend(store, home, 91 * DAY)
    assert store.claim_messages("mailer", only=("<1@uplift>", "<2@uplift>")) == ()
    store.queue(letter(2))
    assert store.claim_messages("mailer", only=("<2@uplift>",)) == ()


async def test_a_bounce_that_comes_after_it_brings_no_address_back(over: Case, store: Store, home: Path) -> None:
    await tend(store, home, 91 * DAY)
    sent = store.messages(only=("<1@uplift>",))[0]
    became(store, sent, Reported(ANN, Fate.FAILED, f"550 5.1.1 <{ANN}> is unknown here"))
    after = store.messages(only=("<1@uplift>",))[0]
    assert (after.state, after.detail) == (sent.state, sent.detail) and ANN not in after.detail


async def test_the_site_says_how_long(over: Case, store: Store, home: Path) -> None:
    (home / "retention.yaml").write_text("cases: {personal_data_days: 7}\n")
    await tend(store, home, 6 * DAY)
    assert store.case(over.id).erasure is None
    await tend(store, home, 8 * DAY)
    assert store.case(over.id).erased_at is not None


async def test_a_retention_that_cannot_be_read_erases_nothing(over: Case, store: Store, home: Path) -> None:
    (home / "retention.yaml").write_text("cases: {personal_data_days: soon}\n")
    await tend(store, home, 400 * DAY)
    assert names(home, over) == ["inspection-1-1.json", "origin.json"]


async def test_a_legal_hold_keeps_them(over: Case, store: Store, home: Path) -> None:
    held = DataKept(at=store.now(), by="eva", until=store.now() + 200 * DAY, reason="a dispute over a bill")
    assert not isinstance(store.record(over.id, held), Refused)
    await tend(store, home, 199 * DAY)
    assert names(home, over) == ["inspection-1-1.json", "origin.json"]
    await tend(store, home, 201 * DAY)
    assert names(home, over) == ["origin.json"]


async def test_a_home_that_does_not_have_the_case_leaves_it_to_the_one_that_has(
    over: Case, store: Store, home: Path, tmp_path: Path
) -> None:
    await tend(store, tmp_path / "other", 91 * DAY)
    assert store.case(over.id).erasure is None and "erased" not in kinds(store, over)
    await tend(store, home, 91 * DAY)
    assert store.case(over.id).erased_at is not None


@pytest.mark.parametrize("before", [
    "tasks.steps.erase.erase_now", "tasks.wire.case_folder.CaseFolder.erase",
    "tasks.wire.store.store.Store.erase_messages", "tasks.steps.erase.Erased",
])
async def test_whoever_dies_in_between_leaves_the_rest_to_the_next_round(
    over: Case, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(before, dies)
        with pytest.raises(Died):
            await tend(store, home, 91 * DAY)
    await tend(store, home, 91 * DAY)
    assert names(home, over) == ["origin.json"]
    assert [kinds(store, over).count(kind) for kind in ("erasure_asked", "erased")] == [1, 1]
    assert {each.message.payload for each in store.messages(over.id)} == {b""}


async def test_several_reconcilers_at_once_erase_once(over: Case, store: Store, home: Path) -> None:
    await asyncio.gather(*(tend(store, home, 91 * DAY) for _ in range(6)))
    assert [kinds(store, over).count(kind) for kind in ("erasure_asked", "erased")] == [1, 1]
    assert names(home, over) == ["origin.json"]
