"""What an approval is bound to, and when it lapses."""
from __future__ import annotations

import hashlib
import json
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.model.finding import Finding, Kind, Outcome, Quantity, Remediation, Severity, Waiver
from tasks.model.release import Release
from tasks.rules.digest import lapses, plan_digest

TARGET = Release.parse("7.2.0")
fixed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def step(name: str) -> Remediation:
    return Remediation(id=name, kind=Kind.ENGINEER, text="do it", reversible=True)


findings = st.builds(
    Finding,
    check_id=st.sampled_from("ab"),
    check_version=st.just(1),
    subject=st.sampled_from("xy"),
    outcome=st.sampled_from(Outcome),
    severity=st.sampled_from(Severity),
    blocking=st.booleans(),
    summary=st.text(max_size=5),
    measured=st.none() | st.builds(Quantity, value=st.integers(), unit=st.just("rows")),
    remediations=st.sets(st.sampled_from("pqr")).map(lambda names: tuple(map(step, names))),
)
# As judging gives them: one finding for each check and subject.
reports = st.lists(findings, unique_by=lambda one: (one.check_id, one.subject))


@fixed
@given(found=reports, lot=st.randoms())
def test_the_digest_does_not_hang_on_the_order(system, profile, found, lot) -> None:
    before = plan_digest(system, TARGET, profile, found)
    lot.shuffle(found)
    assert plan_digest(system, TARGET, profile, found) == before


@fixed
@given(found=reports, value=st.integers(), text=st.text(max_size=5))
def test_what_was_measured_or_worded_is_not_in_it(system, profile, found, value, text) -> None:
    other = [one.model_copy(update={"measured": Quantity(value=value, unit="rows"), "summary": text}) for one in found]
    assert plan_digest(system, TARGET, profile, other) == plan_digest(system, TARGET, profile, found)
    assert lapses(found, other) == []


@fixed
@given(before=reports, after=reports)
def test_one_digest_means_that_nothing_lapses(system, profile, before, after) -> None:
    digests = {plan_digest(system, TARGET, profile, found) for found in (before, after)}
    if len(digests) == 1:
        assert lapses(before, after) == []
    if lapses(before, after) or lapses(after, before):
        assert len(digests) == 2


@given(found=reports, kept=st.sets(st.integers(0, 3)))
def test_a_finding_that_vanished_does_not_lapse_an_approval(found, kept) -> None:
    assert lapses(found, [one for index, one in enumerate(found) if index in kept]) == []


@given(approved=reports, now=reports)
def test_a_finding_that_nobody_approved_lapses_it(approved, now) -> None:
    standing = (Outcome.FAIL, Outcome.UNKNOWN)
    seen = {(one.check_id, one.subject) for one in approved if one.outcome in standing}
    new = {(one.check_id, one.subject) for one in now if one.outcome in standing} - seen
    assert bool(new) <= bool(lapses(approved, now))
    assert sum(reason.endswith("is new") for reason in lapses(approved, now)) == len(new)


def test_the_digest_is_sha256_over_canonical_json(system, profile, finding) -> None:
    found = finding(remediations=(step("b"), step("a")), measured=Quantity(value=1, unit="rows"))
    plan = {
        "system": "pbx1",
        "target": "7.2.0",
        "profile": profile.digest,
        "findings": [{
            "check_id": "foreign_module", "subject": "codec_g729.so", "outcome": "fail", "severity": "high",
            "blocking": True, "remediations": ["a", "b"],
        }],
    }
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"))
    passed = finding("reachable", "system", outcome=Outcome.PASS)
    assert plan_digest(system, TARGET, profile, [passed, found]) == hashlib.sha256(canonical.encode()).hexdigest()


def test_another_system_target_or_profile_is_another_plan(system, profile, finding) -> None:
    slower = profile.model_copy(update={"estimate": profile.estimate.model_copy(update={"fixed_s": 7.0})})
    digests = {
        plan_digest(system, TARGET, profile, [finding()]),
        plan_digest(system.model_copy(update={"id": "pbx2"}), TARGET, profile, [finding()]),
        plan_digest(system, Release.parse("7.2.1"), profile, [finding()]),
        plan_digest(system, TARGET, slower, [finding()]),
        plan_digest(system, TARGET, profile, []),
    }
    assert len(digests) == 5


@pytest.mark.parametrize(
    ("before", "now", "reasons"),
    [
        ({}, {}, []),
        ({"severity": Severity.HIGH}, {"severity": Severity.LOW}, []),
        ({"severity": Severity.LOW}, {"severity": Severity.HIGH}, ["is now high, was low"]),
        ({"blocking": True}, {"blocking": False}, []),
        ({"blocking": False}, {"blocking": True}, ["is now blocking"]),
        ({"outcome": Outcome.UNKNOWN}, {}, ["is now fail, was unknown"]),
        ({}, {"outcome": Outcome.UNKNOWN}, ["is now unknown, was fail"]),
        ({"outcome": Outcome.PASS}, {}, ["is new"]),
        ({"remediations": (step("a"), step("b"))}, {"remediations": (step("b"),)}, []),
        ({"remediations": (step("a"),)}, {"remediations": (step("a"), step("c"))}, ["now needs c"]),
        ({}, {"waiver": Waiver(check_id="a", owner="b", reason="c", expires_on=date(2027, 1, 1))}, []),
    ],
)
def test_a_worse_finding_lapses_an_approval_and_a_better_one_does_not(finding, before, now, reasons) -> None:
    assert lapses([finding(**before)], [finding(**now)]) == [
        f"foreign_module (codec_g729.so) {reason}" for reason in reasons
    ]
