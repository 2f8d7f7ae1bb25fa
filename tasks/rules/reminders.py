"""When a client who says nothing is reminded of what the case waits for, and when its engineer is told of the silence.

Counted anew in each state, in the client's own business days, from the last word of either side. Where time runs out
before that (the last proposed slot, a window without a backup), there is one last call, and the engineer knows of it.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.model.case import Case, State
from tasks.model.reminder import ReminderPolicy
from tasks.rules.business_days import Calendar
from tasks.rules.due import DAY_BEFORE, NeedsPerson, Who
from tasks.rules.lifecycle import next_step

S = State
REMINDED_IN = frozenset({S.NOTIFIED, S.AWAITING_APPROVAL, S.REMEDIATING, S.PROPOSED, S.SCHEDULED})
LEFT_FOR_IT = timedelta(hours=3)        # what a last call should leave for doing what it asks


@dataclass(frozen=True, slots=True)
class Reminder:
    """The ``number``-th of this state, from 1. ``what`` the case waits for, as ``next_step`` says it."""

    number: int
    to_client: bool
    to_engineer: bool
    what: str


def reminder_due(
    case: Case, policy: ReminderPolicy, calendar: Calendar, now: datetime, heard_at: datetime | None = None
) -> Reminder | None:
    """The reminder to send at ``now``; ``heard_at``: when the client last said something."""
    if case.state not in REMINDED_IN or case.running or case.reminders >= policy.at_most:
        return None
    waits = next_step(case, now)
    if not isinstance(waits, NeedsPerson):
        return None
    number = case.reminders + 1
    if waits.who is Who.ENGINEER:       # a notice that never arrived: the client cannot know of it, the engineer can
        undelivered = case.state is S.NOTIFIED and number == 1
        return Reminder(number, False, True, waits.what) if undelivered else None
    at, last_call = _next(case, policy, calendar, heard_at)
    if at is None or now < at or not (last_call or calendar.is_open(now)):
        return None
    tell = last_call or number >= min(policy.engineer_from, policy.at_most)
    return Reminder(number, True, tell, waits.what)


def silent_for_long(case: Case, policy: ReminderPolicy, now: datetime) -> bool:
    """Whether a reminder can be due at all, without knowing the client's calendar."""
    if case.state not in REMINDED_IN or case.running or case.reminders >= policy.at_most:
        return False
    if case.state in (S.AWAITING_APPROVAL, S.REMEDIATING):
        days = policy.then_every_days if case.reminders else policy.first_after_days
        if now < (case.reminded_at or case.since) + timedelta(days=days) - timedelta(hours=3):     # clocks change
            return False
    return isinstance(next_step(case, now), NeedsPerson)


def _next(
    case: Case, policy: ReminderPolicy, calendar: Calendar, heard_at: datetime | None
) -> tuple[datetime | None, bool]:
    """When the next one is due, and whether that is the last call before time runs out."""
    asked_at = max(each for each in (case.since, case.reminded_at, heard_at) if each is not None)
    days = policy.then_every_days if case.reminders else policy.first_after_days
    usual, deadline = calendar.after(asked_at, days), _deadline(case)
    if deadline is None or (case.state is not S.SCHEDULED and usual is not None and usual < deadline):
        return usual, False
    call = deadline - DAY_BEFORE
    if case.state is not S.SCHEDULED:       # slots of this very evening: not at once, but half-way
        call = max(call, case.since + (deadline - case.since) / 2)
    if case.reminded_at is not None and case.reminded_at >= call:
        return None, True
    call = max(call, asked_at)
    at = calendar.opening(call)
    return (call if at is None or at > deadline - LEFT_FOR_IT else at), True


def _deadline(case: Case) -> datetime | None:
    if case.state is S.PROPOSED:
        return max((slot.latest_start for slot in case.slots), default=None)
    return case.window.starts_at if case.state is S.SCHEDULED and case.window else None
