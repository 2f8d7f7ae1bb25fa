"""The journey of a case, told as stories."""
from __future__ import annotations

from datetime import timedelta

from tasks.model import event as e
from tasks.model.case import BackupKind, Case, Decision, How, State, Step
from tasks.model.fleet import Environment
from tasks.rules.lifecycle import Awaited, Due, NeedsPerson, Wait, Who, next_step
from tests.rules import story as s
from tests.rules.story import Story

S = State
SERVERWARE, STANDALONE = Environment.SERVERWARE, Environment.STANDALONE


def test_a_ready_system_on_serverware_goes_from_the_ticket_to_the_closed_case():
    story = Story().until(S.CLOSED)
    assert story.visited == [
        S.OPENED, S.ASSIGNED, S.INSPECTED, S.NOTIFIED, S.READY, S.PROPOSED, S.SCHEDULED, S.BACKING_UP, S.BACKED_UP,
        S.UPGRADING, S.TESTING, S.WATCHING, S.CLOSED,
    ]
    inspections = [event.at for event in story.told if event.kind == "inspected"]
    begins = story.case.window.starts_at
    assert [begins - at < timedelta(hours=24) for at in inspections] == [False, True, True]
    assert begins <= inspections[-1]


def test_a_standalone_system_waits_for_the_clients_word_on_the_backup_and_looks_for_evidence():
    story = Story(STANDALONE).until(S.SCHEDULED)
    far = next_step(story.case, story.now)
    assert isinstance(far, Wait) and far.until == story.case.window.starts_at - timedelta(days=1)
    story.now = far.until
    story.step()        # the inspection a day before
    asked = next_step(story.case, story.now)
    assert isinstance(asked, NeedsPerson) and asked.who is Who.CLIENT and "backup" in asked.what
    story.tell(e.BackupAttested(at=story.now, by="Ann", proof=s.word_for_backup(story.case, story.now)))
    assert story.case.state is S.SCHEDULED and story.case.backup is None
    assert story.start().step is Step.BACKUP
    for event in s.good_reports(story.case, story.now):
        story.tell(event)
    story.until(S.CLOSED)
    assert story.case.backup.kind is BackupKind.ATTESTED and not story.case.retained


def test_the_clients_word_for_an_old_backup_is_refused():
    story = Story(STANDALONE).until(S.SCHEDULED)
    answer = story.refused(e.BackupAttested(at=story.now, by="Ann", proof=s.word_for_backup(story.case, story.now)))
    assert "more than a day old" in answer.reason


def test_actions_are_taken_only_when_the_client_has_approved_and_are_then_looked_at_again():
    story = Story(found=s.SIP_PLAN).until(S.CLOSED)
    assert story.visited[:8] == [S.OPENED, S.ASSIGNED, S.INSPECTED, S.NOTIFIED, S.AWAITING_APPROVAL, S.REMEDIATING,
                                 S.ASSIGNED, S.INSPECTED]
    assert story.case.remediated == ("move_to_pjsip",)
    assert story.case.approval.plan == s.SIP_PLAN       # the finding vanished: the approval still covers the plan


def test_a_remedy_that_did_not_help_goes_to_the_engineer_and_not_round_in_circles():
    story = Story(found=s.SIP_PLAN).until_running(Step.REMEDIATE)
    for event in s.good_reports(story.case, story.now):
        story.tell(event)
    story.until(S.NEEDS_ENGINEER)
    assert "chan_sip_in_use still stands" in story.case.trouble.reason


def test_an_approval_of_another_plan_is_refused():
    story = Story(found=s.SIP_PLAN).until(S.AWAITING_APPROVAL)
    yes = (Decision(remediation_id="move_to_pjsip", approved=True),)
    answer = story.refused(e.Approved(at=story.now, by="Ann", digest=s.WORSE_PLAN.digest, how=How.MAIL, decisions=yes))
    assert str(answer) == "the plan has changed since it was shown; show the client the plan as it is now and ask again"


def test_an_action_without_a_decision_is_not_approved():
    story = Story(found=s.WORSE_PLAN).until(S.AWAITING_APPROVAL)
    yes = (Decision(remediation_id="move_to_pjsip", approved=True),)
    answer = story.refused(e.Approved(at=story.now, by="Ann", digest=s.WORSE_PLAN.digest, how=How.MAIL, decisions=yes))
    assert "remove_module" in answer.reason


def test_an_approval_lapses_when_the_findings_get_worse_and_the_window_goes_with_it():
    story = Story().until(S.SCHEDULED)
    before = story.case
    story.now = before.window.starts_at - timedelta(hours=23)
    story.found = s.WORSE_PLAN
    story.step()
    assert (story.case.state, story.case.window, story.case.approval) == (S.INSPECTED, None, None)
    assert story.case.plan_revision == before.plan_revision + 1
    story.until(S.AWAITING_APPROVAL)


def test_a_system_that_cannot_be_told_is_not_taken_for_ready_before_its_window():
    story = Story().until(S.SCHEDULED)
    story.now = story.case.window.starts_at
    story.found = s.UNTOLD_PLAN
    story.step()
    assert story.case.state is S.NEEDS_ENGINEER and story.case.trouble.resume is S.SCHEDULED
    story.tell(e.Released(at=story.now, by="eva", note="mended"))
    assert story.start().step is Step.PRECHECK


def test_another_machine_at_the_systems_address_stops_the_case():
    story = Story().until(S.SCHEDULED).until_running(Step.PRECHECK)
    story.tell(e.Inspected(at=story.now, by="precheck", run=story.case.running.key, plan=s.READY_PLAN,
                           identity=s.CLONE_MARKS, findings_ref="f"))
    assert story.case.state is S.NEEDS_ENGINEER and "another machine" in story.case.trouble.reason


def test_a_missed_window_gives_new_slots_under_a_new_plan_revision():
    story = Story().until(S.BACKED_UP)
    story.now = story.case.window.latest_start + timedelta(seconds=1)
    revision = story.case.plan_revision
    due = next_step(story.case, story.now)
    assert isinstance(due, Due) and due.key == f"C-1:schedule:{revision + 1}:1"
    refused = story.refused(e.StepStarted(at=story.now, by="tend", step=due.step, plan_revision=due.plan_revision,
                                          attempt=due.attempt))
    assert "window_missed is not recorded" in refused.reason
    story.catch_up()
    assert story.case.state is S.POSTPONED and story.case.backup is None
    assert [backup.ref for backup in story.case.retained] == ["clone-1"]     # to be removed at its deadline
    story.until(S.CLOSED)


def test_a_case_postponed_after_it_was_scheduled_runs_in_the_new_window_and_only_then():
    story = Story().until(S.SCHEDULED)
    first = story.case.window
    story.tell(e.Postponed(at=story.now, by="Ann", reason="a fair", not_before=first.starts_at + timedelta(days=7)))
    during = next_step(story.case, first.starts_at)
    assert isinstance(during, Wait) and during.awaited is Awaited.DATE
    old = e.StepStarted(at=first.starts_at, by="prefect", step=Step.BACKUP, plan_revision=1, attempt=1)
    assert "is not due" in story.refused(old).reason
    story.now = story.case.not_before
    story.until(S.CLOSED)
    launches = [event for event in story.told if event.kind == "upgrade_launched"]
    assert len(launches) == 1 and launches[0].at >= story.case.window.starts_at > first.starts_at


def test_tests_come_before_the_close_and_a_fault_reported_later_has_to_be_tested_again():
    story = Story().until(S.WATCHING)
    story.tell(e.TestsFailed(at=story.now, by="Ann", summary="calls to Spain have no sound"))
    assert "not possible" in story.refused(e.Closed(at=story.now, by="eva", early="asked")).reason
    story.tell(e.Released(at=story.now, by="eva", note="codec put back"))
    assert story.start().step is Step.VERIFY


def test_a_case_is_closed_early_only_with_a_reason():
    story = Story().until(S.WATCHING)
    assert "watched until" in story.refused(e.Closed(at=story.now, by="eva")).reason
    assert story.tell(e.Closed(at=story.now, by="eva", early="the client is content")).state is S.CLOSED


def test_an_untested_case_is_not_closed_and_an_unapproved_one_is_not_confirmed_however_it_came_there():
    watching = Story().until(S.WATCHING)
    watching.case = watching.case.model_copy(update={"tests": None})
    assert "tests" in watching.refused(e.Closed(at=watching.now, by="eva", early="asked")).reason
    asked = Story().until(S.PROPOSED)
    asked.case = asked.case.model_copy(update={"plan": s.SIP_PLAN})
    word = e.Confirmed(at=asked.now, by="Ann", digest=s.SIP_PLAN.digest, window=asked.case.slots[0], how=How.MAIL)
    assert "not approved" in asked.refused(word).reason


def test_a_notice_that_is_not_delivered_within_a_day_is_brought_to_the_engineer():
    story = Story().until(S.NOTIFIED)
    assert isinstance(next_step(story.case, story.now), Wait)
    later = next_step(story.case, story.now + timedelta(days=1))
    assert isinstance(later, NeedsPerson) and "not delivered" in later.what


def test_a_clone_is_removed_at_its_deadline_and_a_failing_removal_needs_a_person():
    story = Story().until(S.CLOSED)
    waits = next_step(story.case, story.now)
    assert isinstance(waits, Wait) and waits.until == story.case.retained[0].keep_until
    story.now = waits.until
    due = story.start()
    story.tell(e.StepFailed(at=story.now, by="retire", run=due.key, reason="refused", remedy="look"))
    assert story.case.state is S.CLOSED and isinstance(next_step(story.case, story.now), NeedsPerson)
    story.tell(e.Released(at=story.now, by="eva", note="freed"))
    assert story.start().key.endswith("retire:1:2")
    for event in s.good_reports(story.case, story.now):
        story.tell(event)
    over = next_step(story.case, story.now)
    assert isinstance(over, Wait) and over.awaited is Awaited.NOTHING


def test_every_path_goes_on_after_a_death_at_any_point():
    """As Patroni tests its quorum: the whole journey, with the run killed after each of its events in turn."""
    for environment in (SERVERWARE, STANDALONE):
        whole = len(Story(environment, s.SIP_PLAN).until(S.CLOSED).told)
        for cut in range(1, whole):
            story = Story(environment, s.SIP_PLAN)
            killed = False
            while story.case.state is not S.CLOSED:
                if not killed and len(story.told) >= cut and story.case.running is None:
                    due = next_step(story.case, story.now)
                    if isinstance(due, Due):
                        run = story.start().key
                        story.tell(e.StepDied(at=story.now, by="tend", run=run, reason="killed"))
                        killed = True
                assert story.step()
            assert isinstance(story.case, Case)
            assert sum(event.kind == "upgrade_launching" for event in story.told) == 1
