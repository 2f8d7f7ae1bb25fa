"""What a case's journal says on its ticket: each event has its words, or is silent on purpose."""
from __future__ import annotations

import typing

import pytest

from tasks.model import event as e
from tasks.model.case import Decision, How
from tasks.model.ledger import JournalEntry
from tasks.model.ticket import Act
from tasks.model.ticket_settings import Statuses
from tasks.rules import ticket_words
from tasks.rules.ticket_words import for_entries
from tests.rules.story import BEGAN, Story

WHO = {"at": BEGAN, "by": "Ann"}
RUN = {**WHO, "run": "C-1:remediate:1:1"}
SILENT = {      # told by what comes before or after them, or of no interest to a desk
    "opened", "step_started", "step_died", "waived", "noted", "window_opened", "backup_attested", "upgrade_launching",
    "watch_done", "stop_asked", "released", "overridden", "retired", "data_kept",
    "erasure_asked", "erased",
}


def notes(event: e.Event) -> list[str]:
    body = event.model_dump(mode="json")
    about = {name: body.pop(name) for name in ("at", "by", "kind")}
    entry = JournalEntry(case_id="C-1", number=2, body=body, case_digest="", previous="", digest="", **about)
    answers = for_entries("support", "7", Story().case, [entry], Statuses())
    assert all(answer.act is not Act.REPLY for answer in answers), "an agent's note, not mail to the client"
    return [answer.text for answer in answers if answer.act is Act.NOTE]


@pytest.mark.parametrize(("event", "said"), [
    (e.Assigned(**WHO, engineer="ada", reason="eva, the client's engineer, is away; ada is the only one who fits"),
     "Assigned to ada: eva, the client's engineer, is away; ada is the only one who fits."),
    (e.Assigned(**WHO, engineer="eva"), "Assigned to eva."),
    (e.ActionDone(**RUN, remediation_id="archive_old_cdr", summary="5,120,331 rows moved"),
     "Done: archive_old_cdr: 5,120,331 rows moved"),
    (e.ActionTicked(**WHO, remediation_id="renew_certificate", how=How.CLIENT_PAGE, note="since Tuesday"),
     "Said to be done by hand: renew_certificate. since Tuesday"),
    (e.ActionUndone(**RUN, remediation_id="set_aside_module", summary="put back"),
     "Undone: set_aside_module: put back"),
    (e.UndoAsked(**WHO, remediation_id="set_aside_module", reason="it is missed"),
     "To be undone: set_aside_module: it is missed"),
    (e.Remediated(**RUN), "What was agreed to is carried out."),
    (e.ClientSaid(**WHO, how=How.MAIL, text="after nine, please"), "The client says: after nine, please"),
    (e.Bounced(**WHO, message_id="<1@u>", recipient="ann@example.net", reason="no such user"),
     "The mail to ann@example.net came back: no such user"),
    (e.Reminded(**WHO, message_ids=()), "The client was reminded."),
    (e.Reminded(**WHO, message_ids=(), escalated=True),
     "The client was reminded, and the engineer told of the silence."),
    (e.Approved(**WHO, digest="a" * 64, how=How.CLIENT_PAGE, decisions=(
        Decision(remediation_id="archive_old_cdr", approved=True),
        Decision(remediation_id="set_aside_module", approved=False, reason="we paid for G.729"),
        Decision(remediation_id="update_phones", approved=False))),
     "The client agreed to the plan. Declined: set_aside_module (we paid for G.729), update_phones."),
])
def test_what_happens_stands_in_a_note(event: e.Event, said: str) -> None:
    (note,) = notes(event)
    assert note == f"{said} (Ann, 2026-11-02 09:00 UTC)"


def test_every_event_has_its_words_or_is_silent_on_purpose() -> None:
    kinds = {typing.get_args(event.model_fields["kind"].annotation)[0] for event in typing.get_args(e.Event)}
    worded = set(ticket_words._NOTES)
    assert worded | SILENT == kinds
    assert worded & SILENT == set()
