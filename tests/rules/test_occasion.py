"""What comes and goes with the hour is told only, once the upgrade's time is agreed; what is new stands in the way."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tasks.model.asterisk_facts import Channels, Line, Reach, Registrations
from tasks.model.case import Case, Guard, Override, State, Step
from tasks.model.fact import Unknown
from tasks.model.finding import Outcome, Verdict
from tasks.model.judged import Judged
from tasks.model.occasion import Occasion
from tasks.model.plan import Plan, plan_of
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.model.system_facts import Resources, RunningWork
from tasks.rules.occasion import occasion_of
from tests.rules.story import Story

Judging = Callable[..., Judged]


def phones(reach: Reach) -> Registrations:
    return Registrations(tuple(Line(str(101 + n), "chan_sip", reach) for n in range(9)), (), ())


BUSY = Resources(900.0, 900.0, 2, 4_000_000_000, 2_000_000_000, 0, 0)
NIGHT = {
    "nobody_registered": phones(Reach.ABSENT),
    "unreachable_extensions": phones(Reach.SILENT),
    "high_load": BUSY,
    "calls_up": Channels(40, ()),
}


@pytest.fixture
def plan(judging: Judging, profile: Profile) -> Callable[..., Plan]:
    def plan(*facts: Any, occasion: Occasion = Occasion.PLANNING, **more: Any) -> Plan:
        judged = judging(*facts, occasion=occasion, **more)
        return plan_of("pbx1", Release.parse("7.2.0"), profile.digest, judged.findings, verdict=judged.verdict,
                       estimate_s=60)

    return plan


@pytest.mark.parametrize("occasion", [Occasion.BOOKED, Occasion.OPEN])
@pytest.mark.parametrize("named", NIGHT)
def test_what_is_so_by_night_is_a_finding_in_planning_and_a_notice_later(
    judging: Judging, named: str, occasion: Occasion
) -> None:
    by_day, by_night = judging(NIGHT[named]), judging(NIGHT[named], occasion=occasion)
    failed = [one for one in by_day.findings if one.outcome is Outcome.FAIL]
    told = [one for one in by_night.findings if one.check_id == named]
    assert [one.check_id for one in failed] == [named] and by_day.verdict is Verdict.ACTIONS_NEEDED
    assert by_night.verdict is Verdict.READY and {one.outcome for one in told} == {Outcome.PASS}
    assert told[0].summary.startswith(failed[0].summary) and told[0].measured == failed[0].measured


@pytest.mark.parametrize(("occasion", "verdict"), [
    (Occasion.PLANNING, Verdict.BLOCKED), (Occasion.BOOKED, Verdict.READY), (Occasion.OPEN, Verdict.BLOCKED),
])
def test_a_backup_a_day_before_is_over_then_and_one_in_the_window_is_in_the_way(
    judging: Judging, occasion: Occasion, verdict: Verdict
) -> None:
    assert judging(RunningWork(("mariabackup",), (), ()), occasion=occasion).verdict is verdict


def test_what_could_not_be_told_and_would_only_be_told_is_skipped_with_its_reason(judging: Judging) -> None:
    silent = {Resources: Unknown("resources", "the question timed out")}
    outcomes = {}
    for occasion in (Occasion.PLANNING, Occasion.OPEN):
        found = judging(known=silent, occasion=occasion).findings
        outcomes[occasion] = {one.check_id: one for one in found}["high_load"]
    assert outcomes[Occasion.PLANNING].outcome is Outcome.UNKNOWN
    assert outcomes[Occasion.OPEN].outcome is Outcome.SKIPPED
    assert "the question timed out" in outcomes[Occasion.OPEN].summary


def test_an_approval_given_by_day_covers_the_night_and_nothing_that_is_new(
    plan: Callable[..., Plan], trouble: Any
) -> None:
    agreed = plan(NIGHT["unreachable_extensions"])
    for night in ((), (NIGHT["nobody_registered"],), (BUSY, NIGHT["calls_up"])):
        assert agreed.covers(plan(*night, occasion=Occasion.OPEN))
        assert plan(*night, occasion=Occasion.OPEN).digest == plan(occasion=Occasion.BOOKED).digest
    assert not agreed.covers(plan(trouble["foreign_module"](), occasion=Occasion.OPEN))


def _cases() -> Iterator[tuple[str, Case, Step, float, Occasion]]:
    case = Story().until(State.BACKED_UP).case
    override = Override(guard=Guard.WINDOW, by="eva", reason="now", at=case.since, plan_revision=case.plan_revision)
    yield "no window", case.model_copy(update={"window": None}), Step.PRECHECK, 0, Occasion.PLANNING
    yield "a day before", case, Step.PRECHECK, -1_440, Occasion.BOOKED
    yield "it opens", case, Step.PRECHECK, 0, Occasion.OPEN
    yield "any hour will do", case.model_copy(update={"overrides": (override,)}), Step.PRECHECK, -90, Occasion.OPEN
    yield "a remedy", case.model_copy(update={"window": None}), Step.REMEDIATE, 0, Occasion.OPEN
    yield "the clone", case, Step.BACKUP, 1, Occasion.OPEN
    yield "the upgrade", case, Step.UPGRADE, 5, Occasion.OPEN


@pytest.mark.parametrize(("case", "step", "minute", "occasion"), [row[1:] for row in _cases()],
                         ids=[row[0] for row in _cases()])
def test_the_occasion_is_the_agreed_time_and_for_a_change_the_change(
    case: Case, step: Step, minute: float, occasion: Occasion
) -> None:
    opens = Story().until(State.BACKED_UP).case.window
    assert opens is not None
    assert occasion_of(case, step, opens.starts_at + timedelta(minutes=minute)) is occasion


def test_a_notice_of_the_night_asks_the_client_for_nothing(judging: Judging) -> None:
    found = judging(replace(BUSY), NIGHT["nobody_registered"], occasion=Occasion.OPEN).findings
    for one in found:
        if one.check_id in NIGHT:
            assert not one.remediations and not one.client_text and not one.blocking
