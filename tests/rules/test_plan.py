"""The plan that a client agrees to, and what it covers later."""
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.finding import Finding, Kind, Outcome, Remediation, Severity, Verdict, Waiver
from tasks.model.plan import Plan, plan_of
from tasks.model.profile import Profile
from tasks.rules.digest import lapses, plan_digest
from tests.rules import story as s

PROFILE = Profile(name="lab")
remediations = st.lists(st.sampled_from("abc"), unique=True).map(
    lambda ids: tuple(Remediation(id=i, kind=Kind.COMMAND, text=i, reversible=True) for i in ids))
findings = st.lists(
    st.builds(Finding, check_id=st.sampled_from(["x", "y"]), check_version=st.just(1), subject=st.text(max_size=4),
              outcome=st.sampled_from(Outcome), severity=st.sampled_from(Severity), blocking=st.booleans(),
              summary=st.just("s"), remediations=remediations),
    max_size=4, unique_by=lambda one: (one.check_id, one.subject))


class OneSystem:
    id = "acme"


def made(found: list[Finding]) -> Plan:
    return plan_of("acme", s.TARGET, PROFILE.digest, found, verdict=Verdict.READY, estimate_s=60)


@given(findings)
def test_a_plan_has_the_digest_that_its_findings_have(found):
    assert made(found).digest == plan_digest(OneSystem(), s.TARGET, PROFILE, found)
    assert Plan.model_validate_json(made(found).model_dump_json()) == made(found)


@given(findings, findings)
def test_an_agreed_plan_covers_another_where_no_approval_lapses(before, now):
    assert made(before).covers(made(now)) == (not lapses(before, now))


@pytest.mark.parametrize("change", [{"target": s.OLD}, {"profile_digest": "other"}, {"system_id": "other"}])
def test_an_agreed_plan_covers_no_other_target_profile_or_system(change):
    assert not s.SIP_PLAN.covers(s.SIP_PLAN.model_copy(update=change))


def test_a_waived_finding_stays_in_the_digest_and_asks_for_nothing():
    found = Finding(check_id="x", check_version=1, subject="a", outcome=Outcome.FAIL, severity=Severity.HIGH,
                    blocking=True, summary="s",
                    remediations=(Remediation(id="r", kind=Kind.CLIENT, text="do", reversible=True),))
    waiver = Waiver(check_id="x", owner="eva", reason="known", expires_on=date(2099, 1, 1))
    open_plan, waived_plan = made([found]), made([found.model_copy(update={"waiver": waiver})])
    assert open_plan.digest == waived_plan.digest
    assert [action.id for action in open_plan.actions] == ["r"] and waived_plan.actions == ()


def test_what_was_waived_when_the_client_agreed_is_not_agreed_to_once_its_waiver_has_expired():
    """The client was asked of the module a and shown nothing of b, whose remedy has the same name."""
    remedy = (Remediation(id="set_aside", kind=Kind.COMMAND, text="do", reversible=True),)
    a, b = (Finding(check_id="foreign_module", check_version=1, subject=subject, outcome=Outcome.FAIL, blocking=True,
                    severity=Severity.HIGH, summary="s", remediations=remedy) for subject in "ab")
    waiver = Waiver(check_id="foreign_module", subject="b", owner="eva", reason="known", expires_on=date(2026, 11, 23))
    shown = made([a, b.model_copy(update={"waiver": waiver})])
    assert shown.covers(made([a])) and shown.covers(shown)
    assert not shown.covers(made([a, b]))
    assert made([a, b]).covers(shown), "what is waived asks for less"
