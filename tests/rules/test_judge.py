"""Judging a whole system: each trouble is named by its check and by no other, and nothing passes in silence."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from tasks.checks import all_checks
from tasks.model.answer import ContactState
from tasks.model.check import Check
from tasks.model.fact import Unknown
from tasks.model.facts import Mounts, Platform, Tables
from tasks.model.finding import CannotTell, Finding, Notice, Outcome, Problem, Severity, Verdict
from tasks.model.judged import Judged
from tasks.model.release import Hop, Release
from tasks.rules.applies import bound

Judging = Callable[..., Judged]


def failing(judged: Judged) -> set[str]:
    return {one.check_id for one in judged.findings if one.outcome is not Outcome.PASS and one.severity > Severity.INFO}


def made(judge: Callable[..., Iterator[Any]], **more: Any) -> Check:
    """A check made of a function, without a file."""
    basis = next(check for check in all_checks() if check.id == "foreign_module")
    return dataclasses.replace(basis, id="made", judge=judge, needs=(), **more)


def test_a_healthy_system_is_ready_and_has_no_finding_above_info(judging: Judging) -> None:
    judged = judging()
    assert failing(judged) == set()
    assert judged.verdict is Verdict.READY
    assert judged.hop == Hop(Release.parse("6.7.1"), Release.parse("7.2.0"))


@pytest.mark.parametrize("named", ["sufficient_space", "cdr_table_size", "foreign_module"])
def test_a_trouble_is_named_by_its_check_and_by_no_other(judging: Judging, trouble: Any, named: str) -> None:
    assert failing(judging(trouble[named]())) == {named}


def test_twenty_thousand_calls_are_no_matter_and_three_million_are(judging: Judging, trouble: Any) -> None:
    assert judging().verdict is Verdict.READY
    assert judging(trouble["cdr_table_size"]()).verdict is Verdict.ACTIONS_NEEDED


def test_what_is_worth_knowing_passes_with_a_summary_and_a_plain_pass_has_none(judging: Judging) -> None:
    told = {one.check_id: one.summary for one in judging().findings if one.outcome is Outcome.PASS}
    assert told.pop("chan_sip_in_use") == "3 peers are moved to PJSIP by the upgrade"
    assert set(told.values()) == {""}


@pytest.mark.parametrize("state", [state for state in ContactState if state is not ContactState.REACHED])
def test_of_a_system_that_was_not_reached_only_the_login_is_judged(judging: Judging, state: ContactState) -> None:
    judged = judging(state=state)
    named = "host_key" if state in (ContactState.KEY_CHANGED, ContactState.KEY_UNKNOWN) else "reachable"
    assert failing(judged) == {named}
    assert {one.check_id for one in judged.findings if one.outcome is Outcome.SKIPPED} == (
        {check.id for check in all_checks()} - {"host_key", "reachable"}
    )
    assert judged.verdict is Verdict.UNREACHABLE
    assert judged.hop is None


def test_every_check_speaks_of_every_system(judging: Judging, trouble: Any) -> None:
    for judged in (judging(), judging(state=ContactState.DROPPED), *(judging(make()) for make in trouble.values())):
        assert {one.check_id for one in judged.findings} == {check.id for check in all_checks()}


def test_findings_come_in_one_order_whatever_the_order_of_the_checks(judging: Judging, trouble: Any) -> None:
    facts = [make() for make in trouble.values()]
    judged = judging(*facts, checks=tuple(reversed(all_checks())))
    assert judged.findings == judging(*facts).findings
    assert list(judged.findings) == sorted(judged.findings, key=lambda one: (one.check_id, one.subject))


def test_a_fact_that_could_not_be_told_makes_a_system_undetermined(judging: Judging) -> None:
    judged = judging(known={Tables: Unknown("tables", "the database refused the connection")})
    assert judged.verdict is Verdict.UNDETERMINED
    unknown = {one.check_id: one for one in judged.findings if one.outcome is Outcome.UNKNOWN}
    blocking = {name for name, one in unknown.items() if one.blocking}
    assert {"cdr_table_size", "damaged_tables", "foreign_tables", "sufficient_space"} <= blocking
    assert set(unknown) == {check.id for check in all_checks() if Tables in {of for _, of in check.needs}}
    assert all("the database refused the connection" in one.summary for one in unknown.values())


def test_without_the_running_release_the_checks_that_hang_on_it_cannot_tell(judging: Judging) -> None:
    judged = judging(known={Platform: Unknown("platform", "no version header")})
    unknown = {one.check_id for one in judged.findings if one.outcome is Outcome.UNKNOWN}
    hanging = {check.id for check in all_checks() if {Hop, Platform} & {of for _, of in check.needs} or bound(check)}
    assert {"supported_hop", "chan_sip_in_use", "dropped_applications", "custom_lost"} <= unknown
    assert unknown <= hanging
    assert "domain_name" not in unknown         # business needs none, whatever the release
    assert (judged.hop, judged.verdict) == (None, Verdict.UNDETERMINED)


def test_a_check_that_errs_blocks_and_keeps_what_it_found_before(judging: Judging) -> None:
    def errs() -> Iterator[Any]:
        yield Problem(subject="first", summary="found before the fault")
        raise ZeroDivisionError("10.1.2.3 secret")

    judged = judging(checks=(made(errs),))
    assert [(one.subject, one.outcome, one.blocking) for one in judged.findings] == [
        ("ZeroDivisionError", Outcome.UNKNOWN, True), ("first", Outcome.FAIL, True),
    ]
    assert "secret" not in judged.findings[0].summary
    assert judged.verdict is Verdict.BLOCKED


def test_a_check_that_yields_something_else_has_not_passed(judging: Judging) -> None:
    def odd() -> Iterator[Any]:
        yield "too full"

    assert judging(checks=(made(odd),)).verdict is Verdict.UNDETERMINED


def test_findings_on_one_subject_become_one_and_lose_nothing(judging: Judging) -> None:
    def repeats() -> Iterator[Any]:
        yield Notice(subject="a", summary="worth knowing")
        yield CannotTell(subject="a", summary="cannot tell")
        yield Problem(subject="a", summary="bad", severity=Severity.LOW, blocking=False)
        yield Problem(subject="a", summary="worse", severity=Severity.MEDIUM, blocking=False)

    (one,) = judging(checks=(made(repeats),)).findings
    assert isinstance(one, Finding)
    assert (one.outcome, one.severity, one.blocking) == (Outcome.FAIL, Severity.HIGH, True)   # the unknown's own
    assert one.summary == "worse; bad; cannot tell; worth knowing"


def test_a_problem_of_no_severity_does_not_get_the_checks_own(judging: Judging) -> None:
    def slight() -> Iterator[Any]:
        yield Problem(subject="a", summary="slight", severity=Severity.INFO, blocking=False)

    judged = judging(checks=(made(slight),))
    assert judged.findings[0].severity is Severity.INFO
    assert judged.verdict is Verdict.READY


def test_a_moment_without_a_zone_is_refused(judging: Judging, system: Any, profile: Any) -> None:
    from tasks.model.answer import Contact, Recording
    from tasks.model.fact import Known
    from tasks.rules.judge import judge

    naive = datetime(2026, 11, 23, 12, 0)
    recording = Recording(
        system_id="a", started_at=naive, elapsed_s=1.0, contact=Contact(state=ContactState.REACHED)
    )
    with pytest.raises(ValueError, match="needs a zone"):
        judge(system, profile, recording, Known(), Release.parse("7.2.0"), naive)


def test_judging_does_not_change_with_the_facts_order(judging: Judging, healthy: tuple[Any, ...]) -> None:
    assert judging(*reversed(healthy)).findings == judging().findings


def test_a_system_of_which_nothing_was_told_is_undetermined(judging: Judging, healthy: tuple[Any, ...]) -> None:
    nothing = {type(fact): Unknown(type(fact).__name__, "it was not asked") for fact in healthy}
    judged = judging(known=nothing)
    assert judged.verdict is Verdict.UNDETERMINED
    assert not [one for one in judged.findings if one.outcome is Outcome.FAIL]
    assert isinstance(judged.known.get(Mounts), Unknown)
