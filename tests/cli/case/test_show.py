"""`uplift case list|show|journal|follow`: what an engineer sees of a case, on any terminal, without harm."""
from __future__ import annotations

import getpass
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tasks.model import event as e
from tasks.model.case import State
from tasks.model.fleet import Environment
from tasks.model.ledger import Channel, Message
from tasks.wire.store import Store
from tests.cli.case.conftest import ZONE
from tests.rules.story import SIP_PLAN

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
EVIL = "Acme \x1b]0;owned\x07\x1b[2J\r\nState  closed \u202eevil\x9b31m"


@pytest.mark.parametrize(("state", "words", "following"), [
    (State.OPENED, (), "the step intake is due; the reconciler starts it"),
    (State.NOTIFIED, (), "waiting for the notice to be delivered, until "),
    (State.AWAITING_APPROVAL, (), "the client has to decide on move_to_pjsip."),
    (State.PROPOSED, (), "the client has to confirm one of the proposed times, until "),
    (State.SCHEDULED, (), "waiting for the inspection a day before the window at "),
    (State.SCHEDULED, ("stop", "--reason", "call first"), "the engineer eva has to release it to go on."),
    (State.TESTING, (), "the step verify is due"),
    (State.TESTING, ("revert", "--reason", "silent", "--accept-losses"), "the step revert is due"),
    (State.WATCHING, (), "waiting for the watch to end at "),
    (State.READY, ("cancel", "--reason", "moved away"), "nothing, the case is over."),
])
async def test_the_screen_ends_with_the_next_action(
    uplift: Any, case_at: Any, state: State, words: tuple[str, ...], following: str
) -> None:
    case = case_at(state, found=SIP_PLAN)
    if words:
        told = await uplift("case", words[0], case.id, *words[1:])
        assert told.code == 0, told.err
    ended = await uplift("case", "show", case.id)
    assert (ended.code, ended.err) == (0, "")
    assert " ".join(ended.out.rsplit("\nNext", 1)[1].split()).startswith(following)
    assert len(ended.out.splitlines()) <= 25, "one screen"
    shown, listed = [await uplift("case", *each, "--json") for each in (("show", case.id), ("list", "--all"))]
    assert [row["next"]["what"] for row in listed.json] == [shown.json["next"]["what"]]


async def test_the_screen_tells_who_what_when_and_what_was_decided(uplift: Any, case_at: Any) -> None:
    case = case_at(State.SCHEDULED, found=SIP_PLAN)
    assert case.window and case.plan
    said = " ".join((await uplift("case", "show", "C-1")).out.split())
    local = f"{case.window.local_start:%Y-%m-%d %H:%M} {ZONE}"
    for words in (
        "C-1 Acme · acme, standalone · order SO-1", "to 7.2.0", "Engineer eva",
        f"State scheduled since {case.since:%Y-%m-%d %H:%M} UTC", case.plan.digest[:12],
        f"Window {case.window.local_start:%a} {local} (", f"{case.window.starts_at:%H:%M} UTC)", "2 h long, latest",
        "the client confirmed", "Agreed by Ann (client page)",
    ):
        assert words in said, words


async def test_findings_stand_with_their_decisions(uplift: Any, case_at: Any) -> None:
    case_at(State.AWAITING_APPROVAL, found=SIP_PLAN)
    said = (await uplift("case", "show", "C-1")).out
    assert "chan_sip_in_use (sip): fail, high, blocks → move_to_pjsip" in said
    assert "move_to_pjsip: to be decided · for chan_sip_in_use" in said
    row = (await uplift("case", "show", "C-1", "--json")).json
    assert row["hint"] == f"uplift case approve C-1 --plan {row['plan_digest'][:12]} --all --by NAME --how telephone"
    words = row["hint"].replace("NAME", "Ann").split()[1:]
    assert (await uplift(*words)).code == 0, "the hint is a command that works"
    assert "move_to_pjsip: approved, not done yet · for chan_sip_in_use" in (await uplift("case", "show", "C-1")).out


async def test_the_journal_reads_as_a_story_and_verifies(uplift: Any, case_at: Any) -> None:
    case_at(State.WATCHING, found=SIP_PLAN)
    told = (await uplift("case", "journal", "C-1")).out
    order = [
        "store: order SO-1: Acme (acme) wants 7.2.0", "eva is the engineer",
        "the system was inspected: blocked, chan_sip_in_use; plan ", "the client's notice was written (1 message)",
        "the client approved the plan ", "(client page): move_to_pjsip yes", "move_to_pjsip was carried out: done",
        "the system was inspected: ready, nothing in the way", "proposed: ", "the client confirmed ",
        "the window opened",
        "a backup is vouched for: attested /opt/backup/full.tar", "the backup is proven", "the upgrade is about to be "
        "launched under the fence", "the upgrade runs on the system", "the upgrade finished; the system runs 7.2.0",
        "the tests passed: echo heard",
    ]
    missing = [words for words in order if words not in told]
    assert missing == []
    assert "{" not in told, "every event has its words"
    entries = (await uplift("case", "journal", "C-1", "--json")).json
    verified = await uplift("case", "verify-journal", "C-1")
    assert (verified.code, verified.out) == (0, f"{len(entries)} entries of 1 case are as they were written\n")
    assert (await uplift("case", "verify-journal", "--json")).json == {
        "verified": True, "cases": 1, "entries": len(entries), "faults": []}


async def test_following_ends_where_nothing_is_under_way(uplift: Any, case_at: Any) -> None:
    case_at(State.PROPOSED)
    told = await uplift("case", "follow", "C-1")
    assert told.code == 0 and "order SO-1" in told.out
    assert told.out.splitlines()[-1].startswith("C-1 is proposed. Next: the client has to confirm one of the proposed")


async def test_what_clients_wrote_cannot_write_on_the_terminal(uplift: Any, case_at: Any, kinds: Any) -> None:
    case_at(
        State.SCHEDULED, client=EVIL, order_ref=EVIL, case_id="C-1",
        more=(
            lambda case, now: e.Noted(at=now, by=EVIL, text=EVIL),
            lambda case, now: e.NeedsEngineer(at=now, by=EVIL, reason=EVIL, remedy=EVIL),
        ),
    )
    assert (await uplift("case", "note", "C-1", EVIL, "--by", EVIL)).code == 0
    assert (await uplift("hold", "on", "--reason", EVIL, "--by", EVIL)).code == 0
    for words in (["case", "show", "C-1"], ["case", "list"], ["case", "journal", "C-1"], ["case", "show", EVIL],
                  ["case", "follow", "C-1"], ["hold", "status"], ["case", "close", "C-1", "--by", EVIL]):
        ended = await uplift(*words)
        assert not CONTROL.search(ended.out + ended.err), words
        assert "Traceback" not in ended.err
    assert "State needs_engineer" in " ".join((await uplift("case", "show", "C-1")).out.split())


async def test_the_list_is_narrowed(uplift: Any, case_at: Any) -> None:
    case_at(State.OPENED)
    case_at(State.READY, case_id="C-2", order_ref="SO-2", environment=Environment.SERVERWARE)
    assert (await uplift("case", "cancel", "C-1", "--reason", "moved")).code == 0

    async def listed(*options: str) -> list[str]:
        return [row["case_id"] for row in (await uplift("case", "list", "--json", *options)).json]

    assert await listed() == ["C-2"]
    assert await listed("--all") == ["C-1", "C-2"]
    assert await listed("--state", "cancelled") == ["C-1"]
    assert await listed("--engineer", "eva") == ["C-2"]
    assert await listed("--engineer", "max") == []
    assert await listed("--system", "other") == []


async def test_whose_cases_are_mine_is_told_by_the_user_name(uplift: Any, case_at: Any, home: Path) -> None:
    me = os.environ.get("SUDO_USER") or getpass.getuser()
    case_at(State.READY, more=(lambda case, now: e.Assigned(at=now, by="eva", engineer=me),))
    case_at(State.READY, case_id="C-2", order_ref="SO-2")
    assert [row["case_id"] for row in (await uplift("case", "list", "--mine", "--json")).json] == ["C-1"]
    both = await uplift("case", "list", "--mine", "--engineer", "eva")
    assert both.code == 2 and "--mine and --engineer both say whose" in both.err
    path = home / "engineers.yaml"
    path.touch(0o600)
    path.write_text("engineers: [{name: eva, full_name: Eva, email: eva@example.com, zone: UTC}]")
    unknown = await uplift("case", "list", "--mine")
    assert unknown.code == 2 and f"engineers.yaml has no {me!r}, which is your user name; give" in unknown.err


async def test_a_message_in_doubt_shows_in_the_list_and_on_the_screen(uplift: Any, case_at: Any, home: Path) -> None:
    case_at(State.NOTIFIED)
    with Store.open(f"sqlite:///{home / 'uplift.db'}") as store:
        noted = e.Noted(at=store.now(), by="eva", text="the notice again")
        mail = Message(message_id="<2@u>", channel=Channel.MAIL, recipients=("ann@example.net",), payload=b"x")
        store.record("C-1", noted, messages=(mail,))
        (claimed,) = store.claim_messages("tend", only=("<2@u>",))
        assert store.message_unsure(claimed, "no answer after DATA")
    listed = " ".join((await uplift("case", "list", COLUMNS="160")).out.split())
    assert "1 message in doubt" in listed
    shown = " ".join((await uplift("case", "show", "C-1")).out.split())
    assert "Mail 1 unsure unsure whether it reached ann@example.net: no answer after DATA" in shown
