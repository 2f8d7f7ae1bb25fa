"""The case database, the same on SQLite, PostgreSQL and MariaDB."""
from __future__ import annotations

import stat
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tasks.model import event as e
from tasks.model.case import Case, Guard, How, State, Step
from tasks.model.errors import UserError
from tasks.model.finding import Waiver
from tasks.model.ledger import Channel, Message, OutboxState, StepRunEnd
from tasks.rules.lifecycle import Awaited, Due, Refused, next_step
from tasks.wire.store import CaseChanged, NoSuchCase, Store, StoreUnavailable
from tests.rules import story as s
from tests.rules.story import Story

S = State


def told(store: Store, story: Story) -> Case:
    """The story's events, as the store takes them."""
    case, _ = store.open_case(s.opened(story.case.environment))
    for event in story.told:
        moved = store.record(case.id, event)
        assert isinstance(moved, Case), f"{event.kind}: {moved}"
        case = moved
    return case


def test_a_whole_case_is_kept_as_it_was_told_and_its_journal_reads_as_the_story(store, run_sql):
    story = Story(found=s.SIP_PLAN).until(S.CLOSED)
    case = told(store, story)
    assert case == story.case == store.case("C-1")
    entries = store.journal("C-1")
    assert [entry.kind for entry in entries] == ["opened", *(event.kind for event in story.told)]
    assert [entry.at for entry in entries[1:]] == [event.at for event in story.told]
    assert store.verify_journal() == ()
    runs = store.step_runs("C-1")
    assert {run.step for run in runs} >= {Step.BACKUP, Step.UPGRADE, Step.VERIFY}
    assert all(run.end is StepRunEnd.REPORTED and run.ended_at for run in runs)
    assert [word for (word,) in run_sql("SELECT word FROM approvals ORDER BY id")] == ["approved", "confirmed"]


def test_a_refused_event_leaves_nothing_behind(store):
    store.open_case(s.opened())
    letter = Message(message_id="<1@uplift>", channel=Channel.MAIL, recipients=("a@b",), payload=b"x")
    answer = store.record("C-1", e.Closed(at=s.BEGAN, by="eva"), messages=[letter])
    assert isinstance(answer, Refused)
    assert len(store.journal("C-1")) == 1 and store.messages() == ()


def test_an_order_is_one_case_and_byte_for_byte(store):
    first, created = store.open_case(s.opened(order="SO-1", case_id="C-1"))
    again, anew = store.open_case(s.opened(order="SO-1", case_id="C-2"))
    assert (created, anew, again) == (True, False, first)
    for number, order in enumerate(["so-1", "SO-1 ", "SÖ-1", "SO-１"], start=3):
        assert store.open_case(s.opened(order=order, case_id=f"C-{number}"))[1], order
    assert len(store.cases()) == 5


def test_an_order_of_another_system_is_refused_with_the_case_that_has_it(store):
    store.open_case(s.opened())
    with pytest.raises(UserError, match="is case C-1, for acme"):
        store.open_case(s.opened(case_id="C-2").model_copy(update={"system_id": "other"}))
    with pytest.raises(UserError, match="for another order"):
        store.open_case(s.opened(order="SO-2"))


def test_cases_are_found_by_state_and_system(store):
    told(store, Story().until(S.READY))
    store.open_case(s.opened(order="SO-2", case_id="C-2").model_copy(update={"system_id": "other"}))
    assert [case.id for case in store.cases([S.OPENED])] == ["C-2"]
    assert [case.id for case in store.cases(system_id="acme")] == ["C-1"]
    assert [case.id for case in store.cases([S.OPENED, S.READY])] == ["C-1", "C-2"]
    assert store.cases([]) == ()
    with pytest.raises(NoSuchCase, match="there is no case C-9"):
        store.case("C-9")


def test_who_decided_on_an_older_case_is_told_so(store):
    case, _ = store.open_case(s.opened())
    note = e.Noted(at=s.BEGAN, by="eva", text="hello")
    moved = store.record("C-1", e.Assigned(at=s.BEGAN, by="eva", engineer="eva"), expected=case)
    with pytest.raises(CaseChanged):
        store.record("C-1", note, expected=case)
    assert isinstance(store.record("C-1", note, expected=moved), Case)


def test_times_keep_their_microseconds_and_their_zone(store):
    odd = datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    store.open_case(s.opened())
    store.record("C-1", e.Noted(at=odd, by="eva", text="odd"))
    entry = store.journal("C-1")[-1]
    assert entry.at == odd and entry.at.tzinfo == UTC and entry.at.microsecond == 123456
    lease = store.acquire("r", "w", 60)
    assert store.lease("r") == lease and lease.expires_at - lease.acquired_at == timedelta(seconds=60)
    assert abs(store.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_long_and_strange_text_comes_back_whole(store):
    store.open_case(s.opened())
    strange = "naïve “quotes” 電話 📞 \\ ' % :x \x07 "
    for number in range(60):     # the case's document and an entry grow past 64 KB
        waiver = Waiver(check_id="x", subject=strange * 30, owner="eva", reason="r" * 900, expires_on=date(2099, 1, 1))
        store.record("C-1", e.Waived(at=s.BEGAN, by=f"eva {number}", waiver=waiver))
    case = store.case("C-1")
    assert len(case.model_dump_json()) > 100_000 and case.waivers[0].subject == strange * 30
    assert store.verify_journal() == ()


def test_waivers_and_overrides_are_listed_by_name(store, run_sql):
    told(store, Story().until(S.SCHEDULED))
    waiver = Waiver(check_id="foreign_module", owner="eva", reason="harmless", expires_on=date(2099, 1, 1))
    store.record("C-1", e.Waived(at=s.BEGAN, by="eva", waiver=waiver))
    store.record("C-1", e.Overridden(at=s.BEGAN, by="eva", guard=Guard.WINDOW, reason="client asked"))
    assert run_sql("SELECT check_id, owner, reason FROM waivers") == [("foreign_module", "eva", "harmless")]
    assert run_sql("SELECT guard, who, reason FROM overrides") == [("window", "eva", "client asked")]


def test_a_hold_stops_new_changes_until_it_is_lifted_and_a_launched_upgrade_is_followed(store):
    story = Story().until(S.SCHEDULED)
    told(store, story)
    story.now = story.case.window.starts_at
    while story.case.state is S.SCHEDULED and story.told[-1].kind != "window_opened":
        before = len(story.told)
        story.catch_up()
        for event in story.told[before:]:
            store.record("C-1", event)
    begun = len(story.told)
    story.until_running(Step.UPGRADE)
    rest = story.told[begun:]
    start = next(event for event in rest if event.kind == "step_started" and event.step is Step.BACKUP)
    store.put_hold("ops", "carrier outage")
    for event in rest[:rest.index(start)]:
        assert isinstance(store.record("C-1", event), Case)
    answer = store.record("C-1", start)
    assert isinstance(answer, Refused) and str(answer) == (
        "ops holds all changes: carrier outage; wait until the hold is lifted")
    assert store.lift_hold("ops") == 1 and store.hold() is None
    for event in rest[rest.index(start):]:
        assert isinstance(store.record("C-1", event), Case)
    run = story.case.running.key
    store.put_hold("ops", "again")
    launching = e.UpgradeLaunching(at=story.now, by="upgrade", run=run, fence="f")
    assert isinstance(store.record("C-1", launching), Refused)
    store.lift_hold("ops")
    store.record("C-1", launching)
    store.record("C-1", e.UpgradeLaunched(at=story.now, by="upgrade", run=run, fence="f"))
    store.record("C-1", e.StepDied(at=story.now, by="tend", run=run, reason="killed"))
    store.put_hold("ops", "third")
    follow = e.StepStarted(at=story.now, by="tend", step=Step.UPGRADE, plan_revision=1, attempt=2)
    assert isinstance(store.record("C-1", follow), Case)
    assert [hold.lifted_by for hold in store.holds()] == ["ops", "ops", None]


def test_a_hold_stops_a_revert_too_unless_it_is_overridden_by_name(store):
    story = Story().until(S.WATCHING)
    revert = e.RevertRequested(at=story.now, by="Ann", how=How.TELEPHONE, reason="silent", losses="CDRs since 01:00")
    story.tell(revert)
    told(store, story)
    store.put_hold("ops", "host is being moved")
    start = e.StepStarted(at=story.now, by="tend", step=Step.REVERT, plan_revision=1, attempt=1)
    assert next_step(store.case("C-1"), story.now, store.hold()).awaited is Awaited.HOLD
    assert isinstance(store.record("C-1", start), Refused)
    store.record("C-1", e.Overridden(at=story.now, by="eva", guard=Guard.HOLD, reason="the client is silent"))
    assert isinstance(next_step(store.case("C-1"), story.now, store.hold()), Due)
    assert isinstance(store.record("C-1", start), Case)


def letters(*numbers: int) -> list[Message]:
    return [Message(message_id=f"<{n}@uplift>", channel=Channel.MAIL, recipients=("ann@acme.example",),
                    payload=b"Subject: \xe2\x98\x8e\r\n\r\n" + bytes(range(256))) for n in numbers]


def test_a_message_is_queued_with_what_it_tells_of_and_once(store):
    told(store, Story().until_running(Step.NOTIFY))
    run = store.case("C-1").running.key
    store.record("C-1", e.Notified(at=s.BEGAN, by="notify", run=run, message_ids=("<1@uplift>",)), messages=letters(1))
    store.queue(*letters(1, 2))
    assert [(one.message.message_id, one.case_id) for one in store.messages()] == [
        ("<1@uplift>", "C-1"), ("<2@uplift>", None)]
    assert store.messages(case_id="C-1")[0].message.payload == letters(1)[0].payload


def test_the_journey_of_a_message(store):
    store.queue(*letters(1, 2, 3))
    one, two = store.claim_messages("sender", limit=2)
    (three,) = store.claim_messages("another")
    assert store.claim_messages("third") == () and {one.state, three.state} == {OutboxState.SENDING}
    assert store.message_sent(one, "250 OK") and not store.message_sent(one)
    assert store.message_failed(two, "451 later", retry_in_s=3600)
    assert store.claim_messages("sender") == ()        # not before its time
    assert store.abandon_messages(3600) == 0 and store.abandon_messages(-1) == 1
    (unsure,) = store.messages(state=OutboxState.UNSURE)
    assert unsure.message.message_id == "<3@uplift>" and not store.message_sent(three)
    assert store.decide_message("<3@uplift>", arrived=False, detail="not in her inbox")
    (again,) = store.claim_messages("sender")
    assert again.message == three.message and again.attempts == 2
    assert store.message_unsure(again, "connection lost after DATA")
    assert store.decide_message("<3@uplift>", arrived=True, detail="she has it")
    assert [m.state.value for m in store.messages()] == ["sent", "pending", "sent"]


def test_the_files_of_sqlite_are_closed_to_others(make_url, tmp_path):
    folder = tmp_path / "new"
    with Store.open(make_url("sqlite", folder)) as store:
        store.open_case(s.opened())
        modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600} and stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_default_is_a_file_in_the_home(tmp_path, monkeypatch):
    monkeypatch.delenv("UPLIFT_DATABASE_URL", raising=False)
    monkeypatch.setenv("UPLIFT_HOME", str(tmp_path / "home"))
    with Store.open() as store:
        assert store.cases() == ()
    assert (tmp_path / "home" / "uplift.db").exists()


@pytest.mark.parametrize(("wrong", "says"), [
    ("no url", "cannot be read"), ("oracle://x/y", "oracle is no supported database"),
    ("sqlite:////proc/none/x.db", "cannot be used"),
    ("postgresql://u:s3cret@127.0.0.1:1/x", "failed"), ("mariadb://u:s3cret@127.0.0.1:1/x", "failed"),
])
def test_a_database_that_cannot_be_reached_is_told_in_one_sentence_without_its_password(wrong, says):
    with pytest.raises(StoreUnavailable, match=says) as found:
        Store.open(wrong)
    assert "s3cret" not in str(found.value) and "\n" not in str(found.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path):
    (tmp_path / "x.db").write_text("hello " * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        Store.open(f"sqlite:///{tmp_path}/x.db")
