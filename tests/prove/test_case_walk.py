"""An order in Freshdesk, walked to "ready" by its people: whatever is killed, the same end, each thing done once.

The store's ticket becomes a case, an engineer gets it, the system is inspected, the client is written to, approves one
action and declines another on her page, Uplift carries out what was approved, inspects again, and says so. Everything
is real: the desk's API, an SMTP server over TLS, Chromium, `uplift serve`, `uplift tend`, the appliance.
"""
from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
from playwright.sync_api import expect

from deployments.lab.freshdesk.config import Fault, Faults
from tasks.model.case import Case, State
from tasks.model.ledger import Channel, OutboxState
from tests.prove.walk_rig import ANN, WalkRig, end

pytestmark = [pytest.mark.prove, pytest.mark.lab]
SEED = int(os.environ.get("UPLIFT_PROVE_SEED", "1"))
POINTS = min(40, int(os.environ.get("UPLIFT_PROVE_POINTS", "40")))
LONGEST_S = 150.0
DONE = "set_aside_module"
TOLD_ON_THE_TICKET = (
    "Thank you. Your order SO-", "Assigned to mia", "Inspected: blocked", "The client agreed to", "Declined: ",
    f"Done: {DONE}", "Inspected: ready",
)


class Kill(StrEnum):
    TEND = "the reconciler"
    PAGE = "the server of the page while she decides"
    ANSWER = "the mail server's answer"
    DESK = "the desk's answer"


# After the nth event of this kind in the journal ("" before there is a case), up to so many seconds later.
MOMENTS = (("", 1, 4.0), ("opened", 1, 1.5), ("assigned", 1, 1.0), ("step_started", 2, 5.0), ("inspected", 1, 1.0),
           ("notified", 1, 3.0), ("delivered", 1, 1.0), ("approved", 1, 3.0), ("step_started", 4, 4.0),
           ("action_done", 1, 1.0), ("remediated", 1, 2.0), ("step_started", 5, 5.0), ("inspected", 2, 2.0),
           ("notified", 2, 3.0))
KINDS = [Kill.TEND] * 28 + [Kill.PAGE] * 4 + [Kill.ANSWER] * 4 + [Kill.DESK] * 4


@dataclass
class Plan:
    """One point: what dies, and when. ``fell`` is whether it has."""

    kill: Kill
    moment: tuple[str, int, float]
    delay_s: float
    fell: bool = False

    @classmethod
    def of(cls, point: int) -> Plan:
        order = random.Random(SEED).sample(range(len(KINDS)), len(KINDS))
        chance = random.Random(f"{SEED}/{point}")
        moment = MOMENTS[(point + SEED) % len(MOMENTS)]
        return cls(KINDS[order[point]], moment, chance.uniform(0, moment[2]))


@pytest.fixture(scope="module")
def rig() -> Iterator[WalkRig]:
    directory = Path(tempfile.mkdtemp(prefix="uplift-walk-", dir="/var/tmp"))
    try:
        with WalkRig(directory) as made:
            yield made
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.parametrize("point", range(POINTS))
def test_whatever_is_killed_an_order_comes_to_ready_with_each_thing_done_once(rig: WalkRig, point: int) -> None:
    plan = Plan.of(point)
    rig.again()
    ticket = rig.order(f"SO-{SEED}-{point}")
    prepare(rig, plan)
    walked(rig, plan)
    judged(rig, plan, ticket)


def prepare(rig: WalkRig, plan: Plan) -> None:
    """What goes wrong by itself is laid out before."""
    rig.mail.hang_up_once = plan.kill is Kill.ANSWER
    fault = Fault(method="POST", path="/reply", status=500, done=True)
    rig.desk.faults_file.write_text(Faults(faults=(fault,) if plan.kill is Kill.DESK else ()).model_dump_json())


def walked(rig: WalkRig, plan: Plan) -> None:
    """Tend until it is ready, with the kill at its moment and the client at her page."""
    tending, until, due_at = rig.tending(), time.monotonic() + LONGEST_S, None
    try:
        while True:
            case = rig.case()
            if case is not None and case.state in (State.READY, State.PROPOSED):
                told_all(rig, until)
                return
            assert time.monotonic() < until, told(rig, case)
            assert case is None or case.state is not State.NEEDS_ENGINEER, told(rig, case)
            if plan.kill is Kill.TEND and not plan.fell:
                due_at = due_at or (time.monotonic() + plan.delay_s if begun(rig, plan) else None)
                if due_at is not None and time.monotonic() >= due_at:
                    plan.fell = True
                    end(tending)
                    rig.pass_lease()
                    tending = rig.tending()
            settle_doubt(rig)
            if case is not None and case.state is State.AWAITING_APPROVAL and rig.link():
                decide(rig, plan)
            time.sleep(0.1)
    finally:
        end(tending)


def told_all(rig: WalkRig, until: float) -> None:
    """Tend on until everybody has been told; what a dead sender had begun is looked for when its time has passed."""
    while [each for each in rig.outbox() if each.state is not OutboxState.SENT]:
        assert time.monotonic() < until, [(each.message.message_id, each.state, each.detail) for each in rig.outbox()]
        rig.pass_quarter_of_an_hour()
        settle_doubt(rig)
        time.sleep(0.5)


def begun(rig: WalkRig, plan: Plan) -> bool:
    kind, times, _ = plan.moment
    return not kind or rig.kinds()[kind] >= times


def settle_doubt(rig: WalkRig) -> None:
    """What an engineer does with a mail in doubt: looks with the provider whether it arrived, and says so."""
    for each in rig.outbox():
        if each.state is OutboxState.UNSURE and each.message.channel is Channel.MAIL:
            arrived = each.message.message_id in message_ids(rig)
            word = "--arrived" if arrived else "--resend"
            ran = rig.uplift("mail", "decide", each.message.message_id, word, "--by", "mia", "--reason", "seen there")
            assert ran.returncode == 0, ran.stderr


def message_ids(rig: WalkRig) -> Counter[str]:
    return Counter(str(letter["Message-ID"]) for to in (ANN, "mia@uplift.example") for letter in rig.letters(to))


def decide(rig: WalkRig, plan: Plan) -> None:
    """She opens her link on her telephone, approves one action, declines the others, and confirms."""
    rig.serve_page()
    context = rig.browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    try:
        page.goto(rig.link() or "")
        for choice in page.locator("fieldset input[value=yes]").all():
            action = (choice.get_attribute("name") or "").removeprefix("choice:")
            answer = "yes" if action == DONE else "no"
            page.locator(f'input[name="choice:{action}"][value={answer}]').check()
        page.get_by_role("button", name="Continue").click()
        confirm = page.get_by_role("button", name="Confirm and record")
        if plan.kill is Kill.PAGE and not plan.fell:
            confirm.click(no_wait_after=True)
            time.sleep(plan.delay_s / 10)
            plan.fell = True
            rig.stop_page()
            return
        confirm.click()
        expect(page.get_by_role("status")).to_contain_text("Your decision is recorded")
    finally:
        context.close()


def judged(rig: WalkRig, plan: Plan, ticket: int) -> None:
    """The same end wherever it fell."""
    kinds = rig.kinds()
    case = rig.case()
    assert case is not None and case.state in (State.READY, State.PROPOSED)
    assert [kinds[name] for name in ("opened", "approved", "action_done", "remediated")] == [1, 1, 1, 1], kinds
    assert [done.remediation_id for done in case.carried_out] == [DONE]
    assert {waiver.owner.split(" <")[0] for waiver in case.waivers} == {"Ann Field"}
    with rig.store() as store:
        assert not store.verify_journal(case.id)
    twice = {name: count for name, count in message_ids(rig).items() if count > 1}
    assert not twice, f"mailed twice: {twice}"
    left = [each for each in rig.outbox() if each.state is not OutboxState.SENT]
    assert not left, [(each.message.message_id, each.state, each.detail) for each in left]
    told_there = " ".join(" ".join(said.split()) for said in rig.said(ticket))
    missing = [words for words in TOLD_ON_THE_TICKET if words not in told_there]
    assert not missing, f"the ticket does not tell {missing}: {told_there[-3000:]}"
    marks = Counter(said.rpartition("[Uplift ")[2].rstrip("] \n") for said in rig.said(ticket))
    assert not {mark: count for mark, count in marks.items() if count > 2}, marks


def told(rig: WalkRig, case: Case | None) -> str:
    state = f"{case.state}: {case.trouble}" if case else "no case"
    return f"{state}\n{(rig.directory / 'tend.log').read_text()[-1500:]}"
