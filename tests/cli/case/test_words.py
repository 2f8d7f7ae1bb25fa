"""`uplift case stop|release|note|waive|revert|close …`, `uplift hold`, and a journal that somebody has altered."""
from __future__ import annotations

import getpass
import os
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tasks.model.case import Case, State, Step
from tasks.model.event import Waived
from tasks.model.finding import Waiver, WaiverSource
from tests.cli.case.conftest import ZONE
from tests.rules.story import SIP_PLAN


def altered(home: Path, *statements: str) -> None:
    with sqlite3.connect(home / "uplift.db") as database:
        for statement in statements:
            assert database.execute(statement).rowcount == 1
    database.close()


async def test_a_stopped_case_waits_until_it_is_released(uplift: Any, case_at: Any, stored: Any) -> None:
    case_at(State.SCHEDULED)
    stopped = await uplift("case", "stop", "C-1", "--reason", "the client called")
    assert stopped.code == 0
    assert stopped.out.startswith("C-1 is needs_engineer. Next: the engineer eva has to release it")
    assert (os.environ.get("SUDO_USER") or getpass.getuser()) in stored().trouble.reason
    assert (await uplift("case", "assign", "C-1", "max", "--by", "eva")).code == 0
    released = await uplift("case", "release", "C-1", "--reason", "it was a mistake", "--by", "max", "--json")
    assert (released.json["state"], released.json["engineer"]) == ("scheduled", "max")


async def test_what_the_engineer_carried_out_by_hand_is_inspected_again(uplift: Any, case_at: Any) -> None:
    case_at(State.REMEDIATING, found=SIP_PLAN)
    assert (await uplift("case", "stop", "C-1", "--reason", "I do it by hand")).code == 0
    released = await uplift("case", "release", "C-1", "--reason", "moved to PJSIP", "--json")
    assert (released.json["state"], released.json["next"]["step"]) == ("assigned", "precheck")


async def test_a_step_that_changes_the_system_is_stopped_at_its_next_stage(
    uplift: Any, running: Any
) -> None:
    running(Step.UPGRADE)
    refused = await uplift("case", "cancel", "C-1", "--reason", "x")
    assert refused.code == 2 and "is changing the system; wait for its end, or have it halt" in refused.err
    stopped = await uplift("case", "stop", "C-1", "--reason", "power cut expected", "--by", "eva")
    assert stopped.code == 0 and "C-1 is upgrading" in stopped.out
    assert "at the next stage boundary: eva: power cut expected" in (await uplift("case", "show", "C-1")).out


async def test_a_client_who_was_told_by_the_engineer_is_not_waited_for(uplift: Any, case_at: Any, kinds: Any) -> None:
    case_at(State.NOTIFIED)
    ended = await uplift("case", "note", "C-1", "read it to Ann on the phone", "--client-told", "--by", "eva")
    assert (ended.code, ended.out.split(".")[0]) == (0, "C-1 is ready")
    assert kinds()[-2:] == ["delivered", "noted"]


async def test_a_waiver_is_recorded_with_owner_reason_and_expiry(uplift: Any, case_at: Any, stored: Any) -> None:
    case_at(State.READY)
    ended = await uplift("case", "waive", "C-1", "foreign_module", "--subject", "codec_g729.so", "--reason", "licensed",
                         "--until", "2099-06-30", "--by", "eva")
    assert ended.code == 0, ended.err
    (waiver,) = stored().waivers
    assert (waiver.owner, waiver.subject, str(waiver.expires_on)) == ("eva", "codec_g729.so", "2099-06-30")
    shown = await uplift("case", "show", "C-1")
    assert "foreign_module (codec_g729.so) by eva until 2099-06-30: licensed" in shown.out
    assert (await uplift("case", "list", "--json")).json[0]["waivers"] == [{
        "check_id": "foreign_module", "subject": "codec_g729.so", "owner": "eva", "reason": "licensed",
        "expires_on": "2099-06-30", "source": "case",
    }]
    told = (await uplift("case", "journal", "C-1")).out
    assert "foreign_module (codec_g729.so) is waived until 2099-06-30: licensed" in told


@pytest.mark.parametrize(("days", "state", "said"), [
    (-2, State.READY, "(expired: it counts no more)"),
    (0, State.SCHEDULED, "(it expires before the window ends: the upgrade will be refused)"),
    (30, State.SCHEDULED, None),
])
async def test_a_waiver_that_does_not_last_is_shown_as_such(
    uplift: Any, case_at: Any, days: int, state: State, said: str | None
) -> None:
    def waived(case: Case, now: datetime) -> Waived:
        waiver = Waiver(check_id="foreign_module", owner="eva", reason="licensed",
                        expires_on=datetime.now(ZoneInfo(ZONE)).date() + timedelta(days=days), source=WaiverSource.CASE)
        return Waived(at=now, by="eva", waiver=waiver)

    case_at(state, began=timedelta(days=5) if days < 0 else None, more=(waived,))
    shown = " ".join((await uplift("case", "show", "C-1")).out.split())
    assert (said in shown) if said else ("expire" not in shown)


async def test_the_way_back_is_taken_only_when_its_losses_are_accepted(uplift: Any, case_at: Any, stored: Any) -> None:
    case = case_at(State.WATCHING)
    words = ("case", "revert", "C-1", "--reason", "no sound", "--by", "Ann", "--how", "telephone")
    shown = await uplift(*words)
    taken = f"since the backup of {case.backup.taken_at:%Y-%m-%d %H:%M} UTC"
    assert shown.code == 2 and taken in shown.err and stored() == case
    assert (await uplift(*words, "--accept-losses")).code == 0
    assert stored().state is State.REVERTING
    told = (await uplift("case", "journal", "C-1")).out.splitlines()[-1]
    assert "Ann: the way back was asked for (telephone): no sound; lost by it: every call record" in told
    assert taken in told


async def test_closing_before_the_watch_ends_needs_its_reason(uplift: Any, case_at: Any, stored: Any) -> None:
    case_at(State.WATCHING)
    ended = await uplift("case", "close", "C-1", "--early", "the client is content", "--by", "eva")
    assert ended.code == 0 and ended.out.startswith("Personal data are kept until ")
    assert ended.out.endswith("C-1 is closed. Next: nothing, the case is over.\n")
    assert stored().state is State.CLOSED


async def test_a_hold_stops_every_new_change_until_it_is_lifted(uplift: Any, running: Any) -> None:
    running(Step.UPGRADE, started=False)
    assert (await uplift("hold", "status")).out == "no hold: changes may begin\n"
    held = await uplift("hold", "on", "--reason", "carrier outage", "--by", "eva")
    assert held.code == 0 and held.out.startswith("held by eva since ") and held.out.endswith(": carrier outage\n")
    shown = (await uplift("case", "show", "C-1", "--json")).json
    assert (shown["next"]["kind"], shown["next"]["awaited"]) == ("wait", "hold")
    assert "the hold of eva to be lifted: carrier outage" in shown["next"]["what"]
    assert (await uplift("hold", "off", "--json")).json == {"holding": False, "lifted": 1}
    assert (await uplift("case", "show", "C-1", "--json")).json["next"]["step"] == "upgrade"


@pytest.mark.parametrize(("alter", "found"), [
    ("UPDATE journal SET body=replace(body, 'eva', 'max') WHERE number=3", "C-1, entry 3: it was edited after"),
    ("UPDATE journal SET who='max' WHERE number=2", "C-1, entry 2: it was edited after"),
    ("DELETE FROM journal WHERE number=4", "C-1, entry 4: it is missing"),
    ("DELETE FROM journal WHERE number=(SELECT max(number) FROM journal)", "C-1, the case: its journal has"),
    ("UPDATE cases SET document=replace(document, 'Acme', 'Evil')", "C-1, the case: it is not as its newest entry"),
    ("UPDATE cases SET document='{}'", "C-1, the case: it is not as its newest entry"),
    ("UPDATE journal SET body='{' WHERE number=2", "C-1, the case: an entry of its journal cannot be read"),
])
async def test_an_altered_journal_is_found(uplift: Any, case_at: Any, home: Path, alter: str, found: str) -> None:
    case_at(State.READY)
    altered(home, alter)
    ended = await uplift("case", "verify-journal", "C-1")
    assert ended.code == 1 and found in ended.out and ended.err == ""
    told = await uplift("case", "verify-journal", "--json")
    assert (told.code, told.json["verified"]) == (1, False)
    for command in ("journal", "show"):
        assert (await uplift("case", command, "C-1")).code in (0, 2), "never a crash"


async def test_a_case_that_is_not_there_has_no_journal(uplift: Any, home: Path) -> None:
    ended = await uplift("case", "verify-journal", "C-404")
    assert ended.code == 2 and "there is no case C-404" in ended.err


async def test_a_database_that_does_not_answer_is_one_sentence(uplift: Any, home: Path) -> None:
    url = "postgresql://uplift:topsecret@127.0.0.1:1/uplift"
    for words in (("case", "list"), ("hold", "status"), ("tend", "--once")):
        ended = await uplift(*words, UPLIFT_DATABASE_URL=url)
        assert ended.code == 2 and "failed" in ended.err and "topsecret" not in ended.err + ended.out
        assert "Traceback" not in ended.err
