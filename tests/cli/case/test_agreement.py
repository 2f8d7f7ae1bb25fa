"""`uplift case propose|confirm|approve|postpone|attest`: the client's word, on the client's clock and in UTC."""
from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.model.case import BackupKind, How, State
from tests.cli.case.conftest import ZONE
from tests.rules.story import LIGHT_PLAN, SIP_PLAN

YEAR = datetime.now(UTC).year + 1
LONDON = "Europe/London"


def last_sunday(month: int) -> str:
    """The night on which the clocks of London change, next year."""
    day = max(day for day in range(25, 32) if datetime(YEAR, month, day).weekday() == 6)
    return f"{YEAR}-{month:02}-{day:02}"


@pytest.mark.parametrize(("at", "options", "said"), [
    (f"{last_sunday(3)} 01:30", [], f"does not exist in {LONDON}; choose a time outside the hour that the clocks skip"),
    (f"{last_sunday(10)} 01:30", [], f"comes twice in {LONDON}; say --which first (00:30 UTC) or --which second "
                                     "(01:30 UTC)"),
])
async def test_a_time_that_is_not_one_time_is_refused(
    uplift: Any, case_at: Any, stored: Any, at: str, options: list[str], said: str
) -> None:
    before = case_at(State.READY)
    words = ["case", "propose", "C-1", "--at", at, "--duration", "2h", "--zone", LONDON, *options]
    ended = await uplift(*words)
    assert ended.code == 2 and said in ended.err and stored() == before


@pytest.mark.parametrize(("which", "instant"), [("first", "00:30"), ("second", "01:30")])
async def test_of_two_equal_times_the_one_that_is_named_is_meant(
    uplift: Any, case_at: Any, stored: Any, which: str, instant: str
) -> None:
    case_at(State.READY)
    day = last_sunday(10)
    ended = await uplift("case", "propose", "C-1", "--at", f"{day} 01:30", "--duration", "90m", "--zone", LONDON,
                         "--which", which)
    assert ended.code == 0, ended.err
    assert f"1. Sun {day} 01:30 {LONDON} ({instant} UTC), 1 h 30 min long" in ended.out
    (slot,) = stored().slots
    assert (f"{slot.starts_at:%H:%M}", slot.duration_s) == (instant, 5400)


async def test_from_the_proposal_to_the_confirmed_window(uplift: Any, case_at: Any, stored: Any, kinds: Any) -> None:
    case = case_at(State.READY)
    proposed = await uplift(
        "case", "propose", "C-1", "--at", f"{YEAR}-12-01 22:00", "--at", f"{YEAR}-12-02 06:00", "--duration", "1h30m",
        "--zone", ZONE, "--by", "eva")
    assert proposed.code == 0, proposed.err
    first, second, where = proposed.out.splitlines()
    assert f"22:00 {ZONE} (13:00 UTC), 1 h 30 min long, latest start" in first
    assert f"-12-02 06:00 {ZONE} (" in second and f"{YEAR}-12-01 21:00 UTC)" in second, "another day in UTC is shown"
    assert where.startswith("C-1 is proposed. Next: the client has to confirm one of the proposed times, until ")

    confirmed = await uplift("case", "confirm", "C-1", "--at", f"{YEAR}-12-02T06:00", "--plan", case.plan_digest[:8],
                             "--by", "Ann", "--how", "telephone", "--json")
    assert confirmed.code == 0, confirmed.out
    told, now = confirmed.json, stored()
    assert (told["state"], told["window"]["starts_at"], told["window"]["zone"]) == (
        "scheduled", f"{YEAR}-12-01T21:00:00+00:00", ZONE)
    assert now.agreed and now.approval.by == "Ann" and now.approval.how is How.CONFIRMED_SLOT
    assert kinds()[-2:] == ["proposed", "confirmed"]

    moved = await uplift("case", "postpone", "C-1", "--reason", "fair week", "--until", f"{YEAR}-12-05 08:00",
                         "--zone", ZONE, "--by", "Ann")
    assert moved.code == 0, moved.err
    later = stored()
    assert (later.state, later.window, later.plan_revision) == (State.POSTPONED, None, now.plan_revision + 1)
    assert later.not_before == datetime(YEAR, 12, 4, 23, 0, tzinfo=UTC)


async def test_an_approval_is_given_action_by_action_for_the_plan_that_was_shown(
    uplift: Any, case_at: Any, stored: Any
) -> None:
    case = case_at(State.AWAITING_APPROVAL, found=SIP_PLAN)
    ended = await uplift("case", "approve", "C-1", "--plan", case.plan_digest, "--action", "move_to_pjsip", "--by",
                         "Ann Field", "--how", "telephone")
    assert (ended.code, ended.out.split(".")[0]) == (0, "C-1 is remediating")
    word = stored().approval
    assert (word.by, word.how, word.digest) == ("Ann Field", How.TELEPHONE, case.plan_digest)
    assert word.approves("move_to_pjsip")


async def test_a_refused_action_brings_the_case_to_its_engineer(uplift: Any, case_at: Any, stored: Any) -> None:
    case = case_at(State.AWAITING_APPROVAL, found=SIP_PLAN)
    ended = await uplift("case", "approve", "C-1", "--plan", case.plan_digest[:12], "--refuse", "move_to_pjsip")
    assert ended.code == 0 and "the engineer eva has to agree on another way" in ended.out
    assert stored().trouble.reason == "the client declines move_to_pjsip"
    declined = await uplift("case", "decline", "C-1", "--plan", case.plan_digest[:12], "--reason", "too risky")
    assert declined.code == 2 and "not possible" in declined.err


async def test_a_backup_is_attested_on_the_clients_clock(uplift: Any, case_at: Any, stored: Any) -> None:
    case = case_at(State.SCHEDULED)
    taken = case.window.local_start.replace(hour=0, minute=0)
    told = ["--ref", "/opt/backup/full.tar", "--evidence", "Ann's mail", "--taken-at", f"{taken:%Y-%m-%d %H:%M}"]
    early = await uplift("case", "attest", "C-1", *told, "--by", "Ann")
    assert early.code == 2 and "lies in the future" in early.err, "the window is days away"
    moved = await uplift("case", "accept-backup", "C-1", *told[:4], "--taken-at", "2020-01-01T00:00Z")
    assert moved.code == 2 and "more than a day old" in moved.err
    assert stored() == case
    soon = await uplift("case", "override", "C-1", "window", "--reason", "client asked for it now")
    assert soon.code == 0
    now = datetime.now(UTC).isoformat(timespec="minutes")
    taken_now = await uplift("case", "accept-backup", "C-1", *told[:4], "--taken-at", now, "--by", "eva")
    assert taken_now.code == 0, taken_now.err
    proof = stored().backup
    assert (proof.kind, proof.by, proof.of) == (BackupKind.ACCEPTED, "eva", case.identity)


async def test_two_engineers_decide_at_once_and_one_of_them_is_told_to_look_again(
    uplift: Any, case_at: Any, kinds: Any
) -> None:
    case_at(State.READY)
    words = ("case", "propose", "C-1", "--at", f"{YEAR}-12-01 22:00", "--duration", "2h", "--zone", ZONE)
    ends = await asyncio.gather(*(uplift(*words, "--by", name) for name in ("eva", "max")))
    assert kinds().count("proposed") == sum(end.code == 0 for end in ends)
    assert all(end.code == 0 or "look at it again and repeat" in end.err for end in ends)


async def test_a_refused_action_has_the_clients_reason(uplift: Any, case_at: Any, stored: Any) -> None:
    case = case_at(State.AWAITING_APPROVAL, found=LIGHT_PLAN)
    ended = await uplift("case", "approve", "C-1", "--plan", case.plan_digest[:8], "--refuse",
                         "remove_module=we paid for G.729", "--by", "Ann", "--how", "telephone")
    assert ended.code == 0, ended.err
    (decision,), (waiver,) = stored().approval.decisions, stored().waivers
    assert (decision.remediation_id, decision.approved, decision.reason) == (
        "remove_module", False, "we paid for G.729")
    assert (waiver.owner, waiver.reason.endswith(": we paid for G.729")) == ("Ann", True)
