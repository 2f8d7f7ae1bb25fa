"""The screen of a case that has gone through much: who does what, what is done, and all of it on one screen."""
from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from deployments.cli.case_story import BY_HAND, Around, next_sentence, story
from tasks.model import event as e
from tasks.model.case import Decision, How, State, Step
from tasks.model.engineer import Absence
from tasks.model.finding import Kind, Outcome, Severity, Verdict
from tasks.model.fleet import Environment
from tasks.model.ledger import Channel, JournalEntry, Message, OutboxMessage, OutboxState
from tasks.model.plan import Action, Plan, PlanItem
from tasks.model.ticket import Link
from tasks.rules.lifecycle import Due, next_step
from tasks.steps import run_step
from tests.rules.story import BEGAN, TARGET, Story, opened

WHO = {"renew_certificate": Kind.CLIENT, "update_phones": Kind.CLIENT, "save_custom_files": Kind.ENGINEER}
FOUND = [   # check, subjects, blocking, severity, remediations
    ("cdr_size", ["asteriskcdrdb.cdr"], True, Severity.HIGH, ["archive_old_cdr"]),
    ("sufficient_space", ["/"], True, Severity.HIGH, ["delete_old_recordings", "clear_temporary_files"]),
    ("foreign_module", ["codec_g729.so", "res_odd.so", "app_x.so"], False, Severity.MEDIUM, ["set_aside_module"]),
    ("custom_lost", ["/opt/pbxware/agi/vip.php"], False, Severity.MEDIUM, ["save_custom_files"]),
    ("certificate_expires", ["pbx.acme.example"], False, Severity.LOW, ["renew_certificate"]),
    ("phones_old_firmware", ["Yealink T46"], False, Severity.LOW, ["update_phones"]),
    ("backup_location", ["/backup"], False, Severity.LOW, []),
    ("crashed_table", ["asteriskcdrdb.cel"], True, Severity.HIGH, ["repair_table"]),
]
ITEMS = tuple(
    PlanItem(check_id=check, subject=subject, outcome=Outcome.FAIL, severity=severity, blocking=blocking,
             remediation_ids=tuple(names))
    for check, subjects, blocking, severity, names in FOUND for subject in subjects
)
MUCH = Plan(
    system_id="acme", target=TARGET, profile_digest="p" * 64, items=ITEMS, verdict=Verdict.BLOCKED, estimate_s=2520,
    actions=tuple(
        Action(id=name, check_id=item.check_id, subject=item.subject, kind=WHO.get(name, Kind.COMMAND),
               needs_approval=name != "save_custom_files")
        for item in ITEMS for name in item.remediation_ids))


def shown(told: Story, around: Around | None = None) -> str:
    """The screen of a terminal of 100 columns."""
    entries = []
    for number, event in enumerate([opened(told.case.environment), *told.told], start=1):
        body = event.model_dump(mode="json")
        about = {name: body.pop(name) for name in ("at", "by", "kind")}
        entries.append(JournalEntry(case_id="C-1", number=number, body=body, case_digest="", previous="", digest="",
                                    **about))
    out = StringIO()
    what = next_step(told.case, told.now)
    Console(width=100, file=out, highlight=False).print(story(told.case, entries, None, what, told.now, around))
    return out.getvalue()


def flat(screen: str) -> str:
    return " ".join(screen.split())


def mailed(state: OutboxState, to: str, detail: str = "") -> OutboxMessage:
    message = Message(message_id=f"<{to}>", channel=Channel.MAIL, recipients=(to,), payload=b"x")
    return OutboxMessage(message=message, case_id="C-1", state=state, attempts=1, detail=detail)


AROUND = Around(
    messages=(mailed(OutboxState.SENT, "ann@acme.example"),
              mailed(OutboxState.UNSURE, "joe@acme.example", "the connection ended after DATA")),
    tickets=(Link(desk="support", ticket="4711", case_id="C-1", outcome="case", seen_at=BEGAN),),
    absence=Absence(first=BEGAN.date(), last=BEGAN.date() + timedelta(days=9), reason="operation"),
)


def asked() -> Story:
    """The client has been told, was reminded once, and asks something."""
    told = Story(Environment.STANDALONE, MUCH).until(State.AWAITING_APPROVAL)
    told.now += timedelta(days=3)
    told.tell(e.Reminded(at=told.now, by="tend", message_ids=("<1@u>",)))
    told.tell(e.ClientSaid(at=told.now, by="Ann", how=How.MAIL, text="Can you do it after nine in the evening?"))
    return told


def agreed() -> Story:
    told = asked()
    said = tuple(
        Decision(remediation_id=name, approved=name != "set_aside_module",
                 reason="we paid for G.729" if name == "set_aside_module" else "")
        for name in dict.fromkeys(action.id for action in MUCH.actions if action.needs_approval))
    told.tell(e.Approved(at=told.now, by="Ann", digest=MUCH.digest, how=How.CLIENT_PAGE, decisions=said))
    return told


def half_done() -> Story:
    told = agreed()
    run = told.start().key
    for name, undo in (("repair_table", None), ("archive_old_cdr", "cdr_archive")):
        told.tell(e.ActionDone(at=told.now, by="remediate", run=run, remediation_id=name, undo=undo,
                               summary="5,120,331 rows older than 2024-11-02 moved to cdr_archive, 1.2 GB freed"))
    return told


def undone() -> Story:
    told = half_done()
    run = told.case.running.key if told.case.running else ""
    for name in ("delete_old_recordings", "clear_temporary_files"):
        told.tell(e.ActionDone(at=told.now, by="remediate", run=run, remediation_id=name, undo="kept",
                               summary="8.1 GB"))
    told.tell(e.Remediated(at=told.now, by="remediate", run=run))
    told.tell(e.ActionTicked(at=told.now, by="Ann", remediation_id="renew_certificate", how=How.CLIENT_PAGE))
    told.tell(e.UndoAsked(at=told.now, by="eva", remediation_id="clear_temporary_files", reason="a script needs them"))
    return told


@pytest.mark.parametrize("make", [asked, agreed, half_done, undone], ids=lambda make: make.__name__)
def test_a_case_with_ten_findings_fits_on_one_screen(make) -> None:  # type: ignore[no-untyped-def]
    screen = shown(make(), AROUND)
    assert len(screen.splitlines()) <= 40
    assert max(map(len, screen.splitlines())) <= 100


def test_the_actions_stand_by_who_does_them() -> None:
    screen = shown(asked(), AROUND)
    labels = [line[:13].strip() for line in screen.splitlines()]
    start = labels.index("By Uplift")
    assert labels[start:start + 8] == ["By Uplift", "", "", "", "", "By client", "", "By engineer"]
    said = flat(screen)
    for words in (
        "crashed_table (asteriskcdrdb.cel): fail, high, blocks → repair_table",
        "foreign_module (codec_g729.so, res_odd.so and 1 more): fail, medium → set_aside_module",
        "archive_old_cdr: to be decided · for cdr_size", "save_custom_files: needs no approval, not done yet",
        "reminded once, last 2026-11-05 09:00 UTC", "Engineer eva, away until 2026-11-11: see",
        "Client said “Can you do it after nine in the evening?” (Ann, mail, 2026-11-05 09:00 UTC)",
        "Mail 1 sent, 1 unsure unsure whether it reached joe@acme.example: the connection ended after DATA",
        "Ticket support/4711", "Next the client has to decide on archive_old_cdr, ",
        f"Say it with uplift case approve C-1 --plan {MUCH.digest[:12]} --all --by NAME --how telephone",
    ):
        assert words in said, words
    assert "operation" not in said, "why the engineer is away is nobody's business"
    assert "save_custom_files" not in said.rsplit("Next", 1)[1], "it needs nobody's decision"


def test_what_was_declined_stands_with_its_reason_and_its_waivers_in_one_line() -> None:
    said = flat(shown(agreed()))
    assert "set_aside_module: declined, “we paid for G.729” · for foreign_module" in said
    assert "Waived foreign_module (codec_g729.so, res_odd.so and 1 more) by Ann until 2027-02-03: the client" in said
    assert said.count("Waived") == 1


def test_what_is_done_is_no_longer_among_what_is_to_be_done() -> None:
    screen = shown(half_done())
    said = flat(screen)
    assert "Running remediate since" in said
    assert "repair_table, 2026-11-05 09:00 UTC: 5,120,331 rows older than 2024-11-02" in said
    assert "freed · cannot be undone" in said and "freed · can be undone" in said
    assert "delete_old_recordings: approved, not done yet" in said
    assert "archive_old_cdr: approved" not in said and "repair_table: approved" not in said


def test_what_is_to_be_undone_and_what_was_done_by_hand_are_told_apart() -> None:
    told = undone()
    said = flat(shown(told))
    assert "To undo clear_temporary_files, 2026-11-05 09:00 UTC: 8.1 GB" in said
    assert "Said done renew_certificate; by hand, so the next inspection tells" in said
    run = told.start().key
    told.tell(e.ActionUndone(at=told.now, by="remediate", run=run, remediation_id="clear_temporary_files",
                             summary="ok"))
    said = flat(shown(told))
    assert "Undone clear_temporary_files, 2026-11-05 09:00 UTC: 8.1 GB" in said
    assert "clear_temporary_files: to be decided" in said, "it is not done again on the old word"


def test_an_approval_of_an_older_plan_is_not_shown_as_one_that_counts() -> None:
    told = agreed()
    grown = MUCH.model_copy(update={"items": (*MUCH.items, ITEMS[0].model_copy(update={"subject": "asterisk.cel2"}))})
    told.case = told.case.model_copy(update={"plan": grown, "state": State.AWAITING_APPROVAL})
    said = flat(shown(told))
    assert "archive_old_cdr: approved of a plan before this; ask again" in said
    assert "the plan has changed since: it no longer counts" in said


def test_what_uplift_does_not_run_is_the_engineers() -> None:
    assert set(BY_HAND) == set(Step) - set(run_step.EXECUTORS)
    case = Story().until(State.READY).case
    told = next_sentence(case, Due(Step.UPGRADE, 1, 1, case.key_of(Step.UPGRADE)))
    assert told == "the step upgrade is due; the reconciler starts it (`uplift tend --once` does so now)"
    for step, said in BY_HAND.items():
        assert next_sentence(case, Due(step, 1, 1, case.key_of(step))) == f"the engineer eva has to {said}"


def test_the_commands_of_a_case_do_not_load_what_draws_and_what_logs_in() -> None:
    """Charts, tables and SSH take seconds to load on a busy machine, and a list of cases needs none of them."""
    asked = "import sys, deployments.cli.case; print({'pandas', 'matplotlib', 'asyncssh'} & set(sys.modules) or '')"
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert ended.stdout == "\n"
