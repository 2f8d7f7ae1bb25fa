"""Before each batch the case database is asked whether the run may go on."""
from __future__ import annotations

from pathlib import Path

import pytest

from tasks.model.case import Case, Step
from tasks.model.errors import UserError
from tasks.model.ledger import JournalEntry
from tasks.model.preview import Preview
from tasks.steps.previews import previews_of, shown_ref
from tasks.steps.remediate import action_name, still_mine
from tasks.steps.work import Died, Work, resource_of
from tasks.wire.case_folder import CaseFolder
from tasks.wire.store import Store


@pytest.fixture
def work(case: Case, store: Store, home: Path) -> Work:
    lease = store.acquire(resource_of(case), "this run", 60)
    assert lease is not None
    return Work(store, home, store.now, Step.REMEDIATE, case.key_of(Step.REMEDIATE), lease, case)


async def test_a_run_goes_on_while_it_has_its_lease_and_nobody_objects(work: Work) -> None:
    await still_mine(work)


async def test_a_run_halts_under_a_hold(work: Work, store: Store) -> None:
    store.put_hold("eva", "carrier outage")
    with pytest.raises(UserError, match="eva holds all changes: carrier outage"):
        await still_mine(work)


async def test_a_run_whose_lease_was_taken_over_dies(work: Work, store: Store, case: Case) -> None:
    store.release(work.lease)
    assert store.acquire(resource_of(case), "another", 60)
    with pytest.raises(Died, match="taken over"):
        await still_mine(work)


async def test_a_run_that_is_asked_to_stop_halts(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = work.case.model_copy(update={"stop_asked": "eva: the client called"})
    monkeypatch.setattr(work.store, "case", lambda case_id: asked)
    with pytest.raises(UserError, match="stopped by eva"):
        await still_mine(work)


def entry(number: int, kind: str, **body: str) -> JournalEntry:
    return JournalEntry(case_id="C-1", number=number, at="2026-11-23T12:00:00Z", by="x", kind=kind, body=body,
                        case_digest="", previous="", digest="")


def test_what_the_client_was_shown_is_the_last_inspection_before_the_approval() -> None:
    told = [entry(1, "inspected", findings_ref="cases/C-1/inspection-1-1.json"),
            entry(2, "inspected", findings_ref="cases/C-1/inspection-1-2.json"),
            entry(3, "approved"), entry(4, "inspected", findings_ref="cases/C-1/inspection-1-3.json")]
    assert shown_ref(told) == "cases/C-1/inspection-1-2.json"
    assert shown_ref(told[:2]) is None


def test_a_case_that_was_not_inspected_has_no_previews(case: Case, home: Path) -> None:
    assert previews_of(case, CaseFolder(home, case.id)) == ()


def test_what_was_done_of_one_list_is_not_found_done_of_the_list_that_was_agreed_to_later(case: Case) -> None:
    first, later = (Preview(remediation_id="delete_old_recordings", lines=(), seal=digit * 64) for digit in "ab")
    name = action_name(case, "delete_old_recordings", 1, first)
    assert name == action_name(case, "delete_old_recordings", 1, first)
    assert name != action_name(case, "delete_old_recordings", 1, later)
    unsealed = Preview(remediation_id="archive_old_cdr", lines=())
    assert action_name(case, "archive_old_cdr", 1, unsealed) == action_name(case, "archive_old_cdr", 1, None), "undo"
