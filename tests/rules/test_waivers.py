"""Who may answer for a finding, for how long, and for which never."""
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.checks import all_checks
from tasks.model.answer import ContactState
from tasks.model.fact import Unknown
from tasks.model.facts import Modules
from tasks.model.finding import Outcome, Verdict, Waiver, WaiverSource


def only(judged, check_id: str):
    (found,) = [one for one in judged.findings if one.check_id == check_id]
    return found


@pytest.fixture
def foreign(judging, system, trouble):
    """Judge a system with a foreign module, under standing and case waivers."""

    def foreign(*standing: Waiver, of_case: tuple[Waiver, ...] = (), **more):
        return judging(
            trouble["foreign_module"](), system=system.model_copy(update={"waivers": standing}),
            case_waivers=of_case, **more,
        )

    return foreign


def test_a_waived_finding_stands_in_nobodys_way_and_stays_in_the_report(foreign, waiver) -> None:
    judged = foreign(waiver())
    found = only(judged, "foreign_module")
    assert (judged.verdict, found.outcome, found.open) == (Verdict.READY, Outcome.FAIL, False)
    assert (found.waiver.owner, found.waiver.source) == ("j.doe", WaiverSource.STANDING)
    assert judged.remarks == ()


def test_a_case_waiver_goes_before_a_standing_one(foreign, waiver) -> None:
    found = only(foreign(waiver(), of_case=(waiver(owner="k.roe"),)), "foreign_module")
    assert (found.waiver.owner, found.waiver.source) == ("k.roe", WaiverSource.CASE)


def test_a_fleet_file_cannot_pass_a_waiver_off_as_one_of_a_case(foreign, waiver) -> None:
    found = only(foreign(waiver(source=WaiverSource.CASE)), "foreign_module")
    assert found.waiver.source is WaiverSource.STANDING


@pytest.mark.parametrize(
    ("expires_on", "counts"),
    # It is 23 November 12:00 UTC, and already the 24th in Auckland, where the system is.
    [(date(2026, 11, 25), True), (date(2026, 11, 24), True), (date(2026, 11, 23), False), (date(2020, 1, 1), False)],
)
def test_a_waiver_counts_through_its_last_day_in_the_systems_zone(foreign, waiver, expires_on, counts) -> None:
    judged = foreign(waiver(expires_on=expires_on))
    assert (judged.verdict is Verdict.READY) is counts
    if not counts:
        assert f"(the waiver of j.doe expired on {expires_on})" in only(judged, "foreign_module").summary
        assert judged.remarks == (
            f"the standing waiver of foreign_module by j.doe does not count: it expired on {expires_on}",
        )


def test_a_waiver_of_one_subject_leaves_the_others_open(foreign, waiver) -> None:
    assert foreign(waiver(subject="codec_g729.so")).verdict is Verdict.READY
    assert foreign(waiver(subject="app_other.so")).verdict is Verdict.BLOCKED


@pytest.mark.parametrize(("subject", "verdict"), [(None, Verdict.UNDETERMINED), ("modules", Verdict.READY)])
def test_what_could_not_be_told_is_waived_only_by_name(judging, system, waiver, subject, verdict) -> None:
    waived = system.model_copy(update={"waivers": tuple(
        waiver(check_id, subject=subject) for check_id in ("foreign_module", "configuration")
    )})
    assert judging(known={Modules: Unknown("modules", "timed out")}, system=waived).verdict is verdict


@pytest.mark.parametrize(
    ("check_id", "state"), [("reachable", ContactState.TIMED_OUT), ("host_key", ContactState.KEY_CHANGED)]
)
@pytest.mark.parametrize("named", [True, False])
def test_nobody_can_answer_for_who_a_system_is(judging, waiver, check_id, state, named) -> None:
    mine = waiver(check_id, subject=state.value if named else None)
    judged = judging(state=state, case_waivers=(mine,))
    assert only(judged, check_id).open
    assert judged.verdict is Verdict.UNREACHABLE
    assert judged.remarks[0].endswith("does not count: nobody can answer for who a system is")


def test_exactly_the_checks_of_identity_cannot_be_waived() -> None:
    assert {check.id for check in all_checks() if not check.waivable} == {"reachable", "host_key"}


def test_a_waiver_of_a_check_that_there_is_not_is_told(foreign, waiver) -> None:
    judged = foreign(waiver("foreign_modul"))
    assert judged.verdict is Verdict.BLOCKED
    assert judged.remarks == (
        "the standing waiver of foreign_modul by j.doe does not count: no check of this name was run; "
        "see `uplift checks list`",
    )


@pytest.mark.parametrize("field", ["owner", "reason"])
def test_a_waiver_without_owner_or_reason_is_refused(waiver, field) -> None:
    with pytest.raises(ValidationError):
        waiver(**{field: ""})


@given(st.sampled_from([check.id for check in all_checks()]), st.none() | st.sampled_from(["cdr", "system", ""]))
def test_a_waiver_touches_nothing_that_passed(check_id, subject) -> None:
    from tasks.model.finding import Finding, Severity
    from tasks.rules.waivers import with_waivers

    passed = Finding(
        check_id=check_id, check_version=1, subject="system", outcome=Outcome.PASS, severity=Severity.INFO,
        blocking=False, summary="",
    )
    mine = Waiver(check_id=check_id, subject=subject, owner="j.doe", reason="known", expires_on=date(2027, 1, 1))
    assert with_waivers((passed,), (mine,), (), date(2026, 1, 1), all_checks())[0] == (passed,)
