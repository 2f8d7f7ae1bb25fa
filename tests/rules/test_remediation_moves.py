"""What is agreed to is done, by whom it may concern, and looked at again."""
from __future__ import annotations

from tasks.model import event as e
from tasks.model.case import Case, Decision, How, State, Step
from tasks.rules.lifecycle import Due, NeedsPerson, Who, next_step
from tasks.rules.todo import todo
from tests.rules import story as s
from tests.rules.story import Story

S = State


def approved(story: Story, **yes: bool) -> Case:
    said = tuple(Decision(remediation_id=name, approved=word, reason="" if word else "we use it")
                 for name, word in yes.items())
    return story.tell(e.Approved(at=story.now, by="Ann", digest=story.case.plan_digest, how=How.CLIENT_PAGE,
                                 decisions=said))


def carried_out(story: Story, *names: str, undo: str | None = "kept") -> None:
    story.until_running(Step.REMEDIATE)
    who = {"at": story.now, "by": "remediate", "run": story.case.running.key}
    for name in names:
        story.tell(e.ActionDone(**who, remediation_id=name, summary="done", undo=undo))
    story.tell(e.Remediated(**who))


def test_a_declined_remedy_of_a_finding_that_does_not_block_lets_it_stand_in_the_clients_name():
    story = Story(found=s.plan(s.Verdict.BLOCKED, s.item(), *s.LIGHT_PLAN.items)).until(S.AWAITING_APPROVAL)
    case = approved(story, move_to_pjsip=True, remove_module=False)
    assert case.state is S.REMEDIATING and todo(case).commands == ("move_to_pjsip",)
    waiver, = case.waivers
    assert (waiver.check_id, waiver.owner) == ("foreign_module", "Ann") and waiver.reason.endswith("we use it")


def test_a_declined_remedy_of_a_blocking_finding_goes_to_the_engineer_and_nothing_is_done():
    story = Story(found=s.WORSE_PLAN).until(S.AWAITING_APPROVAL)
    case = approved(story, move_to_pjsip=True, remove_module=False)
    assert case.state is S.NEEDS_ENGINEER and "remove_module" in case.trouble.reason
    assert not case.waivers and case.approval is None


def test_one_of_two_remedies_may_be_declined():
    story = Story(found=s.plan(s.Verdict.BLOCKED, s.item(remediations=("move_to_pjsip", "remove_module"))))
    case = approved(story.until(S.AWAITING_APPROVAL), move_to_pjsip=True, remove_module=False)
    assert case.state is S.REMEDIATING and not case.waivers


def test_declining_everything_that_does_not_block_has_the_system_looked_at_again():
    story = Story(found=s.LIGHT_PLAN).until(S.AWAITING_APPROVAL)
    assert approved(story, remove_module=False).state is S.ASSIGNED


def test_uplift_does_its_part_first_then_the_client_then_the_engineer():
    story = Story(found=s.BY_HAND_PLAN).until(S.AWAITING_APPROVAL)
    approved(story, move_to_pjsip=True, point_domain=True)
    assert isinstance(next_step(story.case, story.now), Due)
    carried_out(story, "move_to_pjsip")
    waits = next_step(story.case, story.now)
    assert isinstance(waits, NeedsPerson) and waits.who is Who.CLIENT and "point_domain" in waits.what
    story.tell(e.ActionTicked(at=story.now, by="Ann", remediation_id="point_domain", how=How.CLIENT_PAGE))
    waits = next_step(story.case, story.now)
    assert isinstance(waits, NeedsPerson) and waits.who is Who.ENGINEER and "save_tables" in waits.what
    story.tell(e.ActionTicked(at=story.now, by="eva", remediation_id="save_tables", how=How.COMMAND_LINE))
    assert story.case.state is S.ASSIGNED


def test_an_action_is_carried_out_once_though_its_run_died_after_it():
    story = Story(found=s.SIP_PLAN).until_running(Step.REMEDIATE)
    run = story.case.running.key
    story.tell(e.ActionDone(at=story.now, by="remediate", run=run, remediation_id="move_to_pjsip", summary="moved"))
    story.tell(e.StepDied(at=story.now, by="tend", run=run, reason="killed"))
    story.until_running(Step.REMEDIATE)
    again = story.refused(e.ActionDone(at=story.now, by="remediate", run=story.case.running.key,
                                       remediation_id="move_to_pjsip", summary="moved"))
    assert "not to be carried out" in again.reason


def test_a_run_that_did_not_do_all_of_it_is_not_taken_for_done():
    story = Story(found=s.SIP_PLAN).until_running(Step.REMEDIATE)
    story.tell(e.Remediated(at=story.now, by="remediate", run=story.case.running.key))
    assert story.case.state is S.NEEDS_ENGINEER and "move_to_pjsip" in story.case.trouble.reason


def test_what_was_done_is_undone_on_request_and_not_done_again_on_the_old_word():
    story = Story(found=s.SIP_PLAN).until(S.READY)
    story.tell(e.UndoAsked(at=story.now, by="eva", remediation_id="move_to_pjsip", reason="phones are silent"))
    story.found = s.SIP_PLAN
    story.until_running(Step.REMEDIATE)
    for event in s.good_reports(story.case, story.now):
        story.tell(event)
    assert story.case.remediated == () and story.case.state is S.ASSIGNED
    story.until(S.AWAITING_APPROVAL)


def test_what_cannot_be_undone_is_not_promised():
    story = Story(found=s.SIP_PLAN).until(S.AWAITING_APPROVAL)
    approved(story, move_to_pjsip=True)
    carried_out(story, "move_to_pjsip", undo=None)
    story.found = s.READY_PLAN
    story.until(S.READY)
    answer = story.refused(e.UndoAsked(at=story.now, by="eva", remediation_id="move_to_pjsip", reason="why not"))
    assert "cannot be undone" in answer.reason


def test_a_notice_that_reaches_nobody_is_sent_again_when_the_contacts_are_mended():
    story = Story(found=s.SIP_PLAN).until(S.AWAITING_APPROVAL)
    story.tell(e.Bounced(at=story.now, by="mail", message_id="<1@u>", recipient="a@b.c", reason="unknown user",
                         reaches_nobody=True))
    assert story.case.state is S.NEEDS_ENGINEER
    story.tell(e.Released(at=story.now, by="eva", note="mended"))
    assert story.start().step is Step.NOTIFY


def test_reminders_are_counted_within_a_state():
    story = Story(found=s.SIP_PLAN).until(S.AWAITING_APPROVAL)
    story.tell(e.Reminded(at=story.now, by="tend", message_ids=("<2@u>",)))
    assert (story.case.reminders, story.case.reminded_at) == (1, story.now)
    assert approved(story, move_to_pjsip=True).reminders == 0
