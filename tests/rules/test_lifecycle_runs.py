"""Runs of a case's steps: started once, taken for dead, stopped, held; a launch that happens once."""
from __future__ import annotations

from datetime import timedelta

import pytest

from tasks.model import event as e
from tasks.model.case import Guard, How, State, Step
from tasks.model.ledger import Hold
from tasks.rules.lifecycle import Awaited, Due, Wait, next_step
from tests.rules import story as s
from tests.rules.story import Story

S = State


def test_a_step_is_started_once():
    story = Story().until(S.SCHEDULED).until_running(Step.BACKUP)
    again = e.StepStarted(at=story.now, by="tend", step=Step.BACKUP, plan_revision=1, attempt=1)
    assert "under way" in story.refused(again).reason


def test_a_late_report_of_a_run_taken_for_dead_is_refused():
    story = Story().until(S.SCHEDULED).until_running(Step.BACKUP)
    dead = story.case.running.key
    story.tell(e.StepDied(at=story.now, by="tend", run=dead, reason="its lease expired"))
    assert story.start().key == "C-1:backup:1:2"
    late = e.BackupTaken(at=story.now, by="backup", run=dead, proof=s.clone(story.case, story.now))
    assert "taken for dead" in story.refused(late).reason


def test_a_run_that_dies_again_and_again_goes_to_the_engineer():
    story = Story().until(S.ASSIGNED)
    for _ in range(3):
        due = story.start()
        story.tell(e.StepDied(at=story.now, by="tend", run=due.key, reason="its lease expired"))
    assert story.case.state is S.NEEDS_ENGINEER and "3 times" in story.case.trouble.reason
    story.tell(e.Released(at=story.now, by="eva", note="disk was full"))
    assert story.start().key == "C-1:precheck:1:4"


def launched(reported: bool = True) -> Story:
    story = Story().until_running(Step.UPGRADE)
    run = story.case.running.key
    story.tell(e.UpgradeLaunching(at=story.now, by="upgrade", run=run, fence="f-1"))
    if reported:
        story.tell(e.UpgradeLaunched(at=story.now, by="upgrade", run=run, fence="f-1"))
    return story


@pytest.mark.parametrize("reported", [True, False])
def test_a_launched_upgrade_is_followed_after_its_run_died_however_often_and_never_launched_again(reported):
    story = launched(reported)
    for number in range(2, 9):
        story.tell(e.StepDied(at=story.now, by="tend", run=story.case.running.key, reason="kill -9"))
        story.now += timedelta(hours=2)      # the window is long closed; the migration goes on
        due = story.start()
        assert due.reattach and due.key == f"C-1:upgrade:1:{number}"
        answer = story.refused(e.UpgradeLaunching(at=story.now, by="upgrade", run=due.key, fence="f-2"))
        assert "follow it" in answer.remedy
    for event in s.good_reports(story.case, story.now):
        story.tell(event)
    assert story.case.state is S.TESTING


def test_an_announced_launch_that_never_was_is_withdrawn_when_the_guards_refuse():
    story = launched(reported=False)
    run = story.case.running.key
    story.tell(e.UpgradeRefused(at=story.now, by="upgrade", run=run, refusals=("The window is missed; wait.",)))
    assert story.case.launch is None and story.case.trouble.resume is S.BACKED_UP


def test_a_migration_that_may_be_running_is_not_reverted_cancelled_or_postponed():
    story = launched()
    story.tell(e.StepFailed(at=story.now, by="upgrade", run=story.case.running.key, reason="no route", remedy="look"))
    ann = {"at": story.now, "by": "Ann"}
    revert = e.RevertRequested(**ann, how=How.TELEPHONE, reason="silent", losses="CDRs since 01:00")
    assert "half a schema" in story.refused(revert).reason
    assert "launched" in story.refused(e.Cancelled(**ann, reason="no")).reason
    assert "launched" in story.refused(e.Postponed(**ann, reason="later")).reason
    story.tell(e.UpgradeFailed(at=story.now, by="eva", stage="alter", reason="the VPS is stopped"))
    story.tell(revert)
    story.until(S.REVERTED)
    assert story.case.plan_revision == 2 and story.case.launch is None
    story.until(S.CLOSED)
    assert [event.fence for event in story.told if event.kind == "upgrade_launched"] == ["f-1", "fence-3"]


def test_a_stop_halts_a_changing_step_at_its_boundary_and_everything_else_at_once():
    story = Story().until(S.SCHEDULED).until_running(Step.BACKUP)
    story.tell(e.StopAsked(at=story.now, by="eva", reason="storm"))
    assert story.case.state is S.BACKING_UP
    for event in s.good_reports(story.case, story.now):
        story.tell(event)
    assert story.case.state is S.NEEDS_ENGINEER and story.case.trouble.resume is S.BACKED_UP
    early = Story().until(S.READY)
    assert early.tell(e.StopAsked(at=early.now, by="eva", reason="storm")).state is S.NEEDS_ENGINEER


def test_a_stopped_case_is_not_launched():
    story = Story().until_running(Step.UPGRADE)
    story.tell(e.StopAsked(at=story.now, by="eva", reason="storm"))
    launch = e.UpgradeLaunching(at=story.now, by="upgrade", run=story.case.running.key, fence="f")
    assert "to stop" in story.refused(launch).reason


@pytest.mark.parametrize(("missing", "says"), [
    ({"approval": None}, "approval does not cover"),
    ({"backup": None}, "no proven backup"),
    ({"identity": s.CLONE_MARKS}, "no proven backup of this machine"),
    ({"window": None}, "window is not agreed"),
])
def test_the_announcement_of_a_launch_looks_again_at_every_gate(missing, says):
    story = Story().until_running(Step.UPGRADE)
    story.case = story.case.model_copy(update=missing)
    launch = e.UpgradeLaunching(at=story.now, by="upgrade", run=story.case.running.key, fence="f")
    assert says in story.refused(launch).reason


def test_a_case_is_not_postponed_while_its_backup_is_made():
    story = Story().until_running(Step.BACKUP)
    answer = story.refused(e.Postponed(at=story.now, by="Ann", reason="later"))
    assert "is changing the system" in answer.reason and "uplift case stop" in answer.remedy


def test_a_step_reports_only_what_it_can_tell():
    story = Story().until_running(Step.BACKUP)
    report = e.UpgradeFinished(at=story.now, by="backup", run=story.case.running.key, release=s.TARGET)
    assert "not possible" in story.refused(report).reason
    found = e.Inspected(at=story.now, by="backup", run=story.case.running.key, plan=s.READY_PLAN, identity=s.MARKS,
                        findings_ref="f")
    assert "the step backup cannot report this" in story.refused(found).reason


def test_a_hold_stops_new_changes_and_lets_a_launched_upgrade_be_followed():
    hold = Hold(id=1, by="ops", reason="carrier outage", at=s.BEGAN)
    story = Story().until(S.BACKED_UP)
    while not (isinstance(due := next_step(story.case, story.now), Due) and due.step is Step.UPGRADE):
        story.step()
    held = next_step(story.case, story.now, hold)
    assert isinstance(held, Wait) and held.awaited is Awaited.HOLD and "carrier outage" in held.what
    running = launched()
    running.tell(e.StepDied(at=running.now, by="tend", run=running.case.running.key, reason="kill"))
    follow = next_step(running.case, running.now, hold)
    assert isinstance(follow, Due) and follow.reattach


def test_an_override_of_the_window_is_recorded_by_name_and_holds_for_one_revision():
    story = Story().until(S.SCHEDULED)
    story.tell(e.Overridden(at=story.now, by="eva", guard=Guard.WINDOW, reason="client asked to begin now"))
    assert next_step(story.case, story.now).step is Step.BACKUP
    story.tell(e.Postponed(at=story.now, by="Ann", reason="no, later"))
    assert not story.case.overridden(Guard.WINDOW)


@pytest.mark.parametrize("guard", [Guard.IDENTITY, Guard.LEASE, Guard.BACKUP, Guard.MIGRATION])
def test_some_guards_are_never_overridden(guard):
    story = Story().until(S.SCHEDULED)
    answer = story.refused(e.Overridden(at=story.now, by="eva", guard=guard, reason="I know it"))
    assert "never overridden" in answer.reason
