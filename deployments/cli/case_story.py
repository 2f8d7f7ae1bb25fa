"""A case on one screen: who, what, since when, what was found and decided, and the next action in one sentence.

What came from clients and their systems is made harmless for the terminal here.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from deployments.cli.case_journal import journal_line
from deployments.cli.local_time import both_clocks
from reports.text import one_line
from tasks.model.case import BackupProof, Case, Step
from tasks.model.finding import Waiver
from tasks.model.ledger import Hold, JournalEntry
from tasks.model.plan import Plan, PlanItem
from tasks.model.window import Window
from tasks.rules.lifecycle import Awaited, Due, NeedsPerson, Next, Wait, Who

DIGEST = 12                 # digits of a plan's digest that are shown
ITEMS = 12                  # findings on one screen
LAST = 5                    # journal entries
NEXT_FIELDS = ("step", "key", "awaited", "who", "until")
BY_HAND = {
    Step.REMEDIATE: "carry out what was approved, then have the system inspected again (`uplift case stop`, then "
                    "`uplift case release`)",
    Step.SCHEDULE: "propose windows with `uplift case propose`",
    Step.WATCH: "look at the system, then close the case with `uplift case close --early REASON`",
}

Row = tuple[str, str]


def zone_of(case: Case) -> str | None:
    """The client's zone, where a window of the case says it."""
    windows = [case.window] if case.window else list(case.slots)
    return windows[0].zone if windows else None


def next_sentence(case: Case, what: Next) -> str:
    """The next action, without its full stop: a step, something to wait for, or a person with something to do."""
    match what:
        case Due(step=step) if (by_hand := _by_hand(case, step)) is not None:
            return by_hand
        case Due(step=step, reattach=reattach):
            follow = "; the upgrade was launched, so it is followed and never launched again" if reattach else ""
            return f"the step {step} is due; the reconciler starts it (`uplift tend --once` does so now){follow}"
        case Wait(awaited=Awaited.NOTHING):
            return "nothing, the case is over"
        case Wait(until=until):
            return one_line(str(what)) + _until(case, until)
        case NeedsPerson(who=who, what=action, until=until):
            named = f" {case.engineer}" if who is Who.ENGINEER and case.engineer else ""
            return one_line(f"the {who}{named} has to {action}") + _until(case, until)


def _by_hand(case: Case, step: Step) -> str | None:
    """What the engineer does in place of a step that Uplift does not run; None for one that it runs."""
    from tasks.steps.run_step import EXECUTORS  # imported late: only this question needs the steps

    if step in EXECUTORS:
        return None
    named = one_line(f"the engineer {case.engineer}" if case.engineer else "the engineer")
    return f"{named} has to {BY_HAND.get(step, f'do the step {step} by hand and record it')}"


def _until(case: Case, until: datetime | None) -> str:
    return f", until {both_clocks(until, zone_of(case))}" if until else ""


def case_row(case: Case, what: Next) -> dict[str, Any]:
    """A case in short, for programs."""
    kinds = {Due: "step", Wait: "wait", NeedsPerson: "person"}
    following: dict[str, Any] = {"kind": kinds[type(what)], "what": next_sentence(case, what)}
    following |= {name: getattr(what, name) for name in NEXT_FIELDS if hasattr(what, name)}
    return {
        "case_id": case.id, "order": case.order_ref, "system_id": case.system_id, "client": case.client,
        "environment": case.environment, "target": str(case.target), "state": case.state, "since": _iso(case.since),
        "engineer": case.engineer, "plan_revision": case.plan_revision, "plan_digest": case.plan_digest,
        "verdict": case.plan.verdict if case.plan else None, "agreed": case.agreed,
        "window": window_row(case.window) if case.window else None,
        "slots": [window_row(slot) for slot in case.slots],
        "waivers": [waiver.model_dump(mode="json") for waiver in case.waivers],
        "next": following | {"until": _iso(following.get("until"))},
    }


def window_row(window: Window) -> dict[str, Any]:
    return {"starts_at": _iso(window.starts_at), "ends_at": _iso(window.ends_at), "zone": window.zone,
            "latest_start": _iso(window.latest_start), "local_start": f"{window.local_start:%Y-%m-%d %H:%M}"}


def story(
    case: Case, journal: Sequence[JournalEntry], hold: Hold | None, what: Next, now: datetime, data: str = ""
) -> Table:
    """The screen as two columns: what it is about, and what is to be said of it. ``data``: of its personal data."""
    screen = Table.grid(padding=(0, 2))
    screen.add_column(no_wrap=True)
    screen.add_column(overflow="fold")
    for label, said in _rows(case, journal, hold, what, now, data):
        screen.add_row(Text(label, style="bold"), Text(one_line(said)))
    return screen


def _rows(
    case: Case, journal: Sequence[JournalEntry], hold: Hold | None, what: Next, now: datetime, data: str
) -> Iterator[Row]:
    yield case.id, f"{case.client} · {case.system_id}, {case.environment} · order {case.order_ref}"
    yield "Upgrade", f"to {case.target}" + (f", runs {case.running_release}" if case.running_release else "")
    yield "Engineer", case.engineer or "nobody yet"
    yield "State", f"{case.state} since {case.since:%Y-%m-%d %H:%M} UTC ({_long(now - case.since)})"
    if case.trouble:
        yield "Trouble", case.trouble.reason
    if case.running:
        yield "Running", f"{case.running.step} since {case.running.started_at:%Y-%m-%d %H:%M} UTC ({case.running.key})"
    if case.stop_asked:
        yield "Stopping", f"at the next stage boundary: {case.stop_asked}"
    yield from _plan(case, now)
    yield from _booking(case)
    yield from _after(case)
    if data:
        yield "Data", data
    for number, entry in enumerate(journal[-LAST:]):
        yield "" if number else "Journal", journal_line(entry)
    if hold:
        yield "Hold", f"no new change anywhere, by {hold.by} since {hold.at:%Y-%m-%d %H:%M} UTC: {hold.reason}"
    yield "Next", next_sentence(case, what) + "."


def _plan(case: Case, now: datetime) -> Iterator[Row]:
    plan = case.plan
    if plan is None:
        yield "Plan", "none yet: the system was not inspected"
        return
    seen = f", inspected {case.inspected_at:%Y-%m-%d %H:%M} UTC" if case.inspected_at else ""
    yield "Plan", f"{plan.digest[:DIGEST]} · {plan.verdict} · about {_minutes(plan.estimate_s)}{seen}"
    for item in plan.items[:ITEMS]:
        yield "", _item(case, plan, item)
    if len(plan.items) > ITEMS:
        yield "", f"and {len(plan.items) - ITEMS} more findings (--json shows all)"
    if case.approval:
        lapsed = "" if case.agreed else ", of a plan that has changed since: it no longer counts"
        word = case.approval
        yield "Agreed", f"by {word.by} ({word.how.replace('_', ' ')}) on {word.at:%Y-%m-%d %H:%M} UTC{lapsed}"
    for waiver in case.waivers:
        what = f"{waiver.check_id} ({waiver.subject})" if waiver.subject else waiver.check_id
        yield "Waived", f"{what} by {waiver.owner} until {waiver.expires_on}{_ends(case, waiver, now)}: {waiver.reason}"
    for override in case.overrides:
        if override.plan_revision == case.plan_revision:
            yield "Override", f"{override.guard} by {override.by}: {override.reason}"


def _ends(case: Case, waiver: Waiver, now: datetime) -> str:
    """Whether a waiver counts no more, or will not on the day that matters; days are those of the client's zone."""
    zone = ZoneInfo(zone_of(case) or "UTC")
    if waiver.expires_on < now.astimezone(zone).date():
        return " (expired: it counts no more)"
    if case.window and waiver.expires_on < case.window.ends_at.astimezone(zone).date():
        return " (it expires before the window ends: the upgrade will be refused)"
    return ""


def _item(case: Case, plan: Plan, item: PlanItem) -> str:
    """A finding with its remediations and what was decided on each."""
    blocks = ", blocks" if item.blocking else ""
    text = f"{item.check_id} ({item.subject}): {item.outcome}, {item.severity.label}{blocks}"
    wanted = {action.id: action for action in plan.actions if action.check_id == item.check_id}
    said = [f"{name} {_decision(case, name, wanted[name].needs_approval)}" if name in wanted else f"{name} (waived)"
            for name in item.remediation_ids]
    return f"{text} → {'; '.join(said)}" if said else text


def _decision(case: Case, remediation_id: str, needs_approval: bool) -> str:
    if remediation_id in case.remediated:
        return "(done)"
    decisions = case.approval.decisions if case.approval else ()
    decided = [d.approved for d in decisions if d.remediation_id == remediation_id]
    if decided:
        return "(approved)" if decided[-1] else "(declined)"
    return "(to be decided)" if needs_approval else "(needs no approval)"


def _booking(case: Case) -> Iterator[Row]:
    for number, slot in enumerate(case.slots, start=1):
        yield "Proposed" if number == 1 else "", f"{number}. {window_words(slot)}"
    if case.window:
        opened = " · it has opened" if case.window_opened else ""
        yield "Window", window_words(case.window) + opened
    if case.postponed_reason:
        until = f", not before {both_clocks(case.not_before, zone_of(case))}" if case.not_before else ""
        yield "Postponed", f"{case.postponed_reason}{until}"
    proof = case.backup or case.attested
    if proof:
        yield "Backup", _proof(proof) + ("" if case.backup else " · evidence not yet looked for")
    for clone in case.retained:
        if clone != case.backup:
            yield "Retained", _proof(clone)


def _after(case: Case) -> Iterator[Row]:
    launch = case.launch
    if launch:
        began = f"launched {launch.launched_at:%Y-%m-%d %H:%M} UTC" if launch.launched_at else (
            f"announced {launch.intended_at:%Y-%m-%d %H:%M} UTC; only the system knows whether it was launched")
        ended = f", {launch.end} {launch.ended_at:%Y-%m-%d %H:%M} UTC" if launch.end and launch.ended_at else ""
        yield "Launch", f"{began}{ended} · fence {launch.fence}"
    if case.tests:
        verdict = "passed" if case.tests.passed else "failed"
        yield "Tests", f"{verdict}, by {case.tests.by} on {case.tests.at:%Y-%m-%d %H:%M} UTC: {case.tests.summary}"
    if case.watch_until:
        yield "Watch", f"until {case.watch_until:%Y-%m-%d %H:%M} UTC" + (", done" if case.watched else "")


def window_words(window: Window) -> str:
    """Start, end and latest start, on the client's clock and in UTC."""
    return (f"{both_clocks(window.starts_at, window.zone)}, {_minutes(window.duration_s)} long, "
            f"latest start {both_clocks(window.latest_start, window.zone)}")


def _proof(proof: BackupProof) -> str:
    kept = f" · kept until {proof.keep_until:%Y-%m-%d %H:%M} UTC" if proof.keep_until else ""
    return f"{proof.kind} {proof.ref} of {proof.taken_at:%Y-%m-%d %H:%M} UTC, by {proof.by}: {proof.evidence}{kept}"


def _minutes(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


def _long(age: timedelta) -> str:
    return f"{age.days} days" if age.days > 1 else _minutes(max(age.total_seconds(), 0))


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
