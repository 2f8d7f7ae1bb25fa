"""Nights are proposed by the system's own calls, as a real database has counted them."""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from tasks.model import event as e
from tasks.model.case import State
from tasks.steps.inspection import Kept
from tasks.wire.case_folder import CaseFolder
from tests.e2e.case.conftest import Site


async def test_three_quiet_nights_are_proposed_and_each_says_how_many_calls_to_expect(site: Site) -> None:
    site.open("SO-nights")
    case = await site.tend(State.NOTIFIED)
    site.say(e.Delivered(at=site.now(), by="eva"))
    case = await site.tend(State.PROPOSED)
    (entry,) = yaml.safe_load(site.lab.fleet.read_text())["systems"][:1]
    nights = [slot.starts_at.astimezone(ZoneInfo(entry["timezone"])) for slot in case.slots]
    assert len(nights) == 3 and len({night.date() for night in nights}) == 3
    assert all(night.hour < 6 or night.hour >= 21 for night in nights), nights
    assert all(slot.starts_at >= case.since + timedelta(hours=47) for slot in case.slots)
    assert all(slot.ends_at - slot.latest_start >= case.needed() for slot in case.slots)
    told = [note for note in site.notes() if note.startswith("slot ")]
    assert len(told) == 3 and all("calls are to be expected" in note for note in told)


async def test_where_the_calls_are_not_known_the_engineer_agrees_on_a_time(site: Site) -> None:
    site.open("SO-no-rhythm")
    await site.tend(State.NOTIFIED)
    folder = CaseFolder(site.lab.home, site.case_id)
    name = Path(site.case.findings_ref or "").stem
    kept = folder.load(name, Kept)
    silent = {fact: answer for fact, answer in kept.recording.sql.items() if fact != "cdr_rhythm"}
    folder.save(name, kept.model_copy(update={"recording": kept.recording.model_copy(update={"sql": silent})}))
    site.say(e.Delivered(at=site.now(), by="eva"))
    case = await site.tend(State.NEEDS_ENGINEER)
    assert case.trouble is not None and case.trouble.resume is State.READY
    assert "it is not known when calls are made" in case.trouble.reason
    assert "uplift case propose" in case.trouble.remedy
