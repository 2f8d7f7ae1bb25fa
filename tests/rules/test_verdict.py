"""Every system has one verdict, and more that fails never makes it better."""
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.answer import Contact, ContactState
from tasks.model.finding import Finding, Outcome, Severity, Verdict, Waiver
from tasks.rules.verdict import WORST_FIRST, verdict_of

WAIVER = Waiver(check_id="a", owner="j.doe", reason="known", expires_on=date(2027, 1, 1))
contacts = st.sampled_from(ContactState).map(lambda state: Contact(state=state))


def findings(**fixed: st.SearchStrategy) -> st.SearchStrategy[Finding]:
    fields = {
        "check_id": st.sampled_from("abc"),
        "check_version": st.just(1),
        "subject": st.sampled_from("xyz"),
        "outcome": st.sampled_from(Outcome),
        "severity": st.sampled_from(Severity),
        "blocking": st.booleans(),
        "summary": st.just(""),
        "waiver": st.sampled_from((None, WAIVER)),
    }
    return st.builds(Finding, **(fields | fixed))


@given(contacts, st.lists(findings()), findings(outcome=st.just(Outcome.FAIL), waiver=st.none()), st.integers(0, 20))
def test_an_open_failing_finding_never_makes_a_verdict_better(
    contact: Contact, found: list[Finding], more: Finding, place: int
) -> None:
    before = verdict_of(contact, found)
    after = verdict_of(contact, [*found[:place], more, *found[place:]])
    assert WORST_FIRST.index(after) <= WORST_FIRST.index(before)


@given(contacts, st.lists(findings()), st.randoms())
def test_every_system_has_one_verdict_whatever_the_order(contact: Contact, found: list[Finding], lot) -> None:
    verdict = verdict_of(contact, found)
    assert isinstance(verdict, Verdict)
    lot.shuffle(found)
    assert verdict_of(contact, found) is verdict


@given(st.lists(findings(), min_size=1))
def test_a_ready_system_has_nothing_open_that_counts(found: list[Finding]) -> None:
    if verdict_of(Contact(state=ContactState.REACHED), found) is Verdict.READY:
        assert not [one for one in found if one.open and one.blocking]
        assert not [one for one in found if one.open and one.outcome is Outcome.FAIL and one.severity > Severity.INFO]


@given(contacts, st.lists(findings()))
def test_waiving_all_leaves_only_the_login(contact: Contact, found: list[Finding]) -> None:
    waived = [one.model_copy(update={"waiver": WAIVER}) for one in found]
    reached = contact.state is ContactState.REACHED
    assert verdict_of(contact, waived) is (Verdict.READY if reached else Verdict.UNREACHABLE)


FAIL, UNKNOWN, LOW = {"outcome": Outcome.FAIL}, {"outcome": Outcome.UNKNOWN}, {"severity": Severity.LOW}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], Verdict.READY),
        ([FAIL | {"severity": Severity.INFO, "blocking": False}], Verdict.READY),
        ([UNKNOWN | {"blocking": False}], Verdict.READY),
        ([FAIL | LOW | {"blocking": False}], Verdict.ACTIONS_NEEDED),
        ([UNKNOWN | LOW], Verdict.UNDETERMINED),
        ([FAIL | LOW], Verdict.BLOCKED),
        ([FAIL, UNKNOWN], Verdict.BLOCKED),
        ([UNKNOWN, FAIL | {"blocking": False}], Verdict.UNDETERMINED),
        ([FAIL | {"waiver": WAIVER}, FAIL | LOW | {"blocking": False}], Verdict.ACTIONS_NEEDED),
        ([{"outcome": Outcome.SKIPPED}, {"outcome": Outcome.PASS}], Verdict.READY),
    ],
)
def test_the_worst_that_is_open_decides(finding, contact, found: list[dict], verdict: Verdict) -> None:
    assert verdict_of(contact(), [finding(**one) for one in found]) is verdict
    assert verdict_of(contact(ContactState.AUTH_FAILED), [finding(**one) for one in found]) is Verdict.UNREACHABLE


@given(contacts, st.lists(findings()))
def test_a_system_that_runs_the_target_already_has_nothing_to_be_done(contact: Contact, found: list[Finding]) -> None:
    reached = contact.state is ContactState.REACHED
    assert verdict_of(contact, found, there=True) is (Verdict.READY if reached else Verdict.UNREACHABLE)
