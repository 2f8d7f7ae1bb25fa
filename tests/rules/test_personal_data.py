"""How long the personal data of a case stay, and what stops their erasing."""
from __future__ import annotations

from datetime import timedelta

import pytest

from tasks.model import event as e
from tasks.model.case import Case, State
from tasks.model.fleet import Environment
from tasks.rules.lifecycle import Refused, apply
from tasks.rules.personal_data import data_sentence, erasure_due, kept_until
from tests.rules.story import Story, clone

KEEP = timedelta(days=90)
MINUTE = timedelta(minutes=1)


def over(environment: Environment = Environment.STANDALONE) -> Story:
    story = Story(environment)
    story.until(State.CLOSED)
    return story


def moved(case: Case, event: e.Event) -> Case:
    answer = apply(case, event)
    assert isinstance(answer, Case), answer
    return answer


def refused(case: Case, event: e.Event) -> str:
    answer = apply(case, event)
    assert isinstance(answer, Refused)
    return str(answer)


def test_the_clock_starts_when_the_case_is_closed():
    story = over()
    closed_at = story.case.since
    assert kept_until(story.case, KEEP) == closed_at + KEEP
    assert not erasure_due(story.case, KEEP, closed_at + KEEP - MINUTE)
    assert erasure_due(story.case, KEEP, closed_at + KEEP)


@pytest.mark.parametrize("state", [State.OPENED, State.INSPECTED, State.PROPOSED, State.WATCHING])
def test_nothing_is_due_while_a_case_is_not_over(state: State):
    story = Story().until(state)
    assert kept_until(story.case, KEEP) is None
    assert not erasure_due(story.case, KEEP, story.now + timedelta(days=4000))
    assert "is not possible" in refused(story.case, e.ErasureAsked(at=story.now, by="eva", reason="asked"))


def test_a_cancelled_case_is_over_too():
    story = Story().until(State.INSPECTED)
    story.tell(e.Cancelled(at=story.now, by="Ann", reason="no"))
    assert kept_until(story.case, KEEP) == story.now + KEEP


def test_what_a_later_word_adds_to_a_closed_case_does_not_start_the_clock_again():
    story = over()
    due = kept_until(story.case, KEEP)
    story.tell(e.Noted(at=story.now + timedelta(days=30), by="eva", text="Ann called"))
    assert kept_until(story.case, KEEP) == due


def test_a_clone_is_waited_for_since_it_holds_all_that_the_system_held():
    story = over()
    proof = clone(story.case, story.now).model_copy(update={"keep_until": story.now + timedelta(days=200)})
    case = story.case.model_copy(update={"retained": (proof,)})
    assert kept_until(case, KEEP) == proof.keep_until
    assert not erasure_due(case, KEEP, proof.keep_until + MINUTE)       # retired first
    assert "a clone" in refused(case, e.ErasureAsked(at=story.now, by="eva", reason="asked"))


def test_a_legal_hold_stops_erasing_until_its_date_or_until_it_is_lifted():
    story = over()
    until = story.now + timedelta(days=400)
    held = moved(story.case, e.DataKept(at=story.now, by="eva", until=until, reason="a dispute"))
    assert kept_until(held, KEEP) == until
    assert "keeps the data until" in refused(held, e.ErasureAsked(at=story.now, by="eva", reason="Ann asks"))
    assert erasure_due(held, KEEP, until)
    lifted = moved(held, e.DataKept(at=story.now, by="eva", until=None, reason="it is settled"))
    assert kept_until(lifted, KEEP) == story.case.since + KEEP
    assert "no legal hold stands" in refused(lifted, e.DataKept(at=story.now, by="eva", until=None, reason="again"))


def test_a_legal_hold_never_shortens_the_time():
    story = over()
    held = moved(story.case, e.DataKept(at=story.now, by="eva", until=story.now + MINUTE, reason="a dispute"))
    assert kept_until(held, KEEP) == story.case.since + KEEP


def test_a_legal_hold_that_has_run_out_stops_nothing():
    story = over()
    held = moved(story.case, e.DataKept(at=story.now, by="eva", until=story.now + MINUTE, reason="a dispute"))
    assert moved(held, e.ErasureAsked(at=story.now + MINUTE, by="eva", reason="Ann asks")).erasure is not None


def test_a_legal_hold_in_the_past_is_refused():
    story = over()
    assert "has passed" in refused(story.case, e.DataKept(at=story.now, by="eva", until=story.now, reason="x"))


def test_a_legal_hold_may_come_before_the_case_is_over_and_lasts_beyond_it():
    story = Story().until(State.INSPECTED)
    until = story.now + timedelta(days=400)
    story.tell(e.DataKept(at=story.now, by="eva", until=until, reason="a dispute"))
    assert data_sentence(story.case, KEEP).startswith("personal data are kept for 90 days after its end; eva keeps")
    story.until(State.CLOSED)
    assert kept_until(story.case, KEEP) == until


def test_data_are_erased_once_and_only_after_it_was_asked_for():
    case, at = over().case, over().now
    assert "nobody has asked" in refused(case, e.Erased(at=at, by="tend", what="14 files"))
    asked = moved(case, e.ErasureAsked(at=at, by="tend", reason="90 days"))
    assert kept_until(asked, KEEP) is None
    for late in (e.ErasureAsked(at=at, by="eva", reason="again"),
                 e.DataKept(at=at, by="eva", until=at + timedelta(days=9), reason="too late")):
        assert "are removed" in refused(asked, late)
    gone = moved(asked, e.Erased(at=at, by="tend", what="14 files"))
    assert gone.erased_at == at
    assert "are removed" in refused(gone, e.Erased(at=at, by="tend", what="0 files"))
    assert data_sentence(gone, KEEP).startswith("personal data were removed on ")
