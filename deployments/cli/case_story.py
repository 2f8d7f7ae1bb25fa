"""A case on one screen: who, what, since when, what was found and decided, and the next action in one sentence.

What came from clients and their systems is made harmless for the terminal here.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.table import Table
from rich.text import Text

from deployments.cli.case_hint import hint
from deployments.cli.case_journal import journal_line
from deployments.cli.case_plan import DIGEST as DIGEST
from deployments.cli.case_plan import Row, minutes, plan_rows
from deployments.cli.local_time import both_clocks
from reports.text import one_line
from tasks.model.case import BackupProof, Case, Step
from tasks.model.engineer import Absence
from tasks.model.ledger import Channel, Hold, JournalEntry, OutboxMessage, OutboxState
from tasks.model.ticket import Link
from tasks.model.window import Window
from tasks.rules.lifecycle import Awaited, Due, NeedsPerson, Next, Wait, Who
from tasks.rules.todo import todo

LAST = 4                    # journal entries
NEXT_FIELDS = ("step", "key", "awaited", "who", "until")
BY_HAND = {                 # the steps that Uplift does not run; a test holds it against those that it does
    Step.WATCH: "look at the system, then close the case with `uplift case close --early REASON`",
}


@dataclass(frozen=True)
class Around:
    """What the screen tells besides the case: its messages and tickets, the absence of its engineer today, and what
    becomes of its personal data."""

    messages: tuple[OutboxMessage, ...] = ()
    tickets: tuple[Link, ...] = ()
    absence: Absence | None = None
    data: str = ""


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
    if step not in BY_HAND:
        return None
    named = one_line(f"the engineer {case.engineer}" if case.engineer else "the engineer")
    return f"{named} has to {BY_HAND[step]}"


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


def around_row(case: Case, what: Next, around: Around) -> dict[str, Any]:
    """The rest of the screen, for programs."""
    left = todo(case)
    return {
        "todo": {name: list(getattr(left, name)) for name in ("undo", "commands", "client", "engineer")},
        "hint": hint(case, what) or None,
        "tickets": [f"{link.desk}/{link.ticket}" for link in around.tickets],
        "messages": [{"message_id": each.message.message_id, "channel": each.message.channel, "state": each.state,
                      "recipients": list(each.message.recipients), "detail": each.detail,
                      "sent_at": _iso(each.sent_at)} for each in around.messages],
        "engineer_absent_until": str(around.absence.last) if around.absence else None,
    }


def window_row(window: Window) -> dict[str, Any]:
    return {"starts_at": _iso(window.starts_at), "ends_at": _iso(window.ends_at), "zone": window.zone,
            "latest_start": _iso(window.latest_start), "local_start": f"{window.local_start:%Y-%m-%d %H:%M}"}


def story(
    case: Case, journal: Sequence[JournalEntry], hold: Hold | None, what: Next, now: datetime,
    around: Around | None = None,
) -> Table:
    """The screen as two columns: what it is about, and what is to be said of it. The journal's lines are cut."""
    screen = Table.grid(padding=(0, 2))
    screen.add_column(no_wrap=True)
    screen.add_column(overflow="fold")
    for label, said in _rows(case, journal, hold, now, around or Around()):
        screen.add_row(Text(label, style="bold"), Text(one_line(said)))
    for number, entry in enumerate(journal[-LAST:]):
        line = Text(one_line(journal_line(entry)), no_wrap=True, overflow="ellipsis")
        screen.add_row(Text("" if number else "Journal", style="bold"), line)
    screen.add_row(Text("Next", style="bold"), Text(one_line(f"{next_sentence(case, what)}.")))
    command = hint(case, what)
    if command:
        screen.add_row(Text("Say it with", style="bold"), Text(one_line(command)))
    return screen


def _rows(
    case: Case, journal: Sequence[JournalEntry], hold: Hold | None, now: datetime, around: Around
) -> Iterator[Row]:
    yield case.id, f"{case.client} · {case.system_id}, {case.environment} · order {case.order_ref}"
    yield "Upgrade", f"to {case.target}" + (f", runs {case.running_release}" if case.running_release else "")
    away = f", away until {around.absence.last}: see `uplift engineers list`" if around.absence else ""
    yield "Engineer", (case.engineer or "nobody yet") + away
    age = long_since(now - case.since)
    yield "State", f"{case.state} since {case.since:%Y-%m-%d %H:%M} UTC ({age}){_reminded(case)}"
    if case.trouble:
        yield "Trouble", case.trouble.reason
    if case.running:
        yield "Running", f"{case.running.step} since {case.running.started_at:%Y-%m-%d %H:%M} UTC ({case.running.key})"
    if case.stop_asked:
        yield "Stopping", f"at the next stage boundary: {case.stop_asked}"
    yield from plan_rows(case, journal, zone_of(case), now)
    yield from _sent(around)
    yield from _booking(case)
    yield from _after(case)
    if around.data:
        yield "Data", around.data
    if hold:
        yield "Hold", f"no new change anywhere, by {hold.by} since {hold.at:%Y-%m-%d %H:%M} UTC: {hold.reason}"


def _reminded(case: Case) -> str:
    if not case.reminders:
        return ""
    times = "once" if case.reminders == 1 else f"{case.reminders} times"
    return f", reminded {times}" + (f", last {case.reminded_at:%Y-%m-%d %H:%M} UTC" if case.reminded_at else "")


def _sent(around: Around) -> Iterator[Row]:
    """The mail and tickets of a case; what is in doubt is named, since somebody has to find out."""
    for channel, label in ((Channel.MAIL, "Mail"), (Channel.TICKET, "Ticket")):
        theirs = [each for each in around.messages if each.message.channel is channel]
        counts = Counter(each.state for each in theirs)
        said = ", ".join(f"{counts[state]} {state}" for state in OutboxState if counts[state])
        if channel is Channel.TICKET:
            said = " · ".join([*(f"{link.desk}/{link.ticket}" for link in around.tickets), *([said] if said else [])])
        if said:
            yield label, said
        for each in theirs:
            if each.state is OutboxState.UNSURE:
                yield "", f"unsure whether it reached {', '.join(each.message.recipients)}: {each.detail}"


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
    return (f"{both_clocks(window.starts_at, window.zone)}, {minutes(window.duration_s)} long, "
            f"latest start {both_clocks(window.latest_start, window.zone)}")


def _proof(proof: BackupProof) -> str:
    kept = f" · kept until {proof.keep_until:%Y-%m-%d %H:%M} UTC" if proof.keep_until else ""
    return f"{proof.kind} {proof.ref} of {proof.taken_at:%Y-%m-%d %H:%M} UTC, by {proof.by}: {proof.evidence}{kept}"


def long_since(age: timedelta) -> str:
    return f"{age.days} days" if age.days > 1 else minutes(max(age.total_seconds(), 0))


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
