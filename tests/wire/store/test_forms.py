"""A form of the client's page moves its case once, whoever submits it how often."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tasks.model import event as e
from tasks.model.case import Case, Decision, How, State
from tasks.rules.lifecycle import Refused
from tasks.wire.store import CaseChanged, Form, FormUsed, Store
from tests.rules import story as s
from tests.rules.story import Story


def waiting(store: Store) -> Case:
    """A case that waits for the client's word, in the store."""
    story = Story(found=s.SIP_PLAN).until(State.AWAITING_APPROVAL)
    case, _ = store.open_case(s.opened(story.case.environment))
    for event in story.told:
        case = store.record(case.id, event)
    return case


def form(store: Store, nonce: str = "n-1", days: int = 1) -> Form:
    return Form(nonce, store.now() + timedelta(days=days))


def yes(case: Case) -> e.Approved:
    return e.Approved(at=s.BEGAN, by="Ann", digest=case.plan_digest or "", how=How.CLIENT_PAGE,
                      decisions=(Decision(remediation_id="move_to_pjsip", approved=True),))


def said(text: str = "hello") -> e.ClientSaid:
    return e.ClientSaid(at=s.BEGAN, by="Ann", how=How.CLIENT_PAGE, text=text)


def test_a_form_is_used_up_by_what_it_records(store):
    case, one = waiting(store), form(store)
    moved = store.answer("C-1", said(), one, case)
    assert moved == store.case("C-1") and store.form_used(one)
    with pytest.raises(FormUsed):
        store.answer("C-1", said(), one, store.case("C-1"))
    assert [entry.kind for entry in store.journal("C-1")].count("client_said") == 1


def test_a_refused_form_is_not_used_up_and_one_that_saw_another_case_records_nothing(store):
    case, one = waiting(store), form(store)
    lapsed = yes(case).model_copy(update={"digest": "f" * 64})
    assert isinstance(store.answer("C-1", lapsed, one, case), Refused) and not store.form_used(one)
    with pytest.raises(CaseChanged):
        store.answer("C-1", yes(case), one, case.model_copy(update={"reminders": 7}))
    assert not store.form_used(one) and store.case("C-1") == case


def test_two_clicks_at_once_are_one_decision_and_the_second_is_told_so(store):
    case, one = waiting(store), form(store)

    def click(_: int) -> str:
        try:
            return type(store.answer("C-1", yes(case), one, case)).__name__
        except (FormUsed, CaseChanged) as error:
            return type(error).__name__

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(click, range(6))) == ["Case", *["FormUsed"] * 5]
    assert [entry.kind for entry in store.journal("C-1")].count("approved") == 1


def test_what_has_expired_is_forgotten(store, run_sql):
    case = waiting(store)
    store.answer("C-1", said(), form(store, "old", days=-1), case)
    store.answer("C-1", said("again"), form(store, "new"), store.case("C-1"))
    assert [nonce for (nonce,) in run_sql("SELECT nonce FROM forms")] == ["new"]
