"""What is due in a case at an instant: a step to run, something to wait for, or a person with something to do."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tasks.model.case import Case, Guard, State, Step
from tasks.model.event import WindowMissed, WindowOpened
from tasks.model.fleet import Environment
from tasks.model.ledger import Hold
from tasks.rules.todo import todo
from tasks.rules.window import Standing, standing

S = State
DEATHS = 3                              # runs in a row that may die before the engineer is asked
DAY_BEFORE = timedelta(hours=24)        # the inspection is repeated a day before the window opens
FRESH = timedelta(hours=1)              # and again when it opens, unless it is no older than this
DELIVERY = timedelta(days=1)            # how long a notice may be on its way before the engineer is asked
RECONCILER = "tend"


@dataclass(frozen=True, slots=True)
class Due:
    """A step to start now under ``key``. ``reattach``: the upgrade was launched; follow it, never launch again."""

    step: Step
    plan_revision: int
    attempt: int
    key: str
    reattach: bool = False

    def __str__(self) -> str:
        return f"{self.key} is due"


class Awaited(StrEnum):
    RUN = "run"                 # a step that is under way
    DELIVERY = "delivery"       # of the notice
    WINDOW = "window"           # its opening, or the inspection a day before
    DATE = "date"               # before which a postponed case is not taken up
    WATCH = "watch"             # the days after the upgrade, looked after by watch/hourly
    RETENTION = "retention"     # the deadline of a clone
    HOLD = "hold"               # to be lifted
    NOTHING = "nothing"         # the case is over


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until something happens, at the latest until ``until`` (None: no such moment)."""

    awaited: Awaited
    what: str
    until: datetime | None = None

    def __str__(self) -> str:
        return f"waiting for {self.what}"


class Who(StrEnum):
    CLIENT = "client"
    ENGINEER = "engineer"


@dataclass(frozen=True, slots=True)
class NeedsPerson:
    """Somebody has to do ``what``; at ``until`` the answer may change by itself."""

    who: Who
    what: str
    until: datetime | None = None

    def __str__(self) -> str:
        return f"the {self.who} has to {self.what}"


Next = Due | Wait | NeedsPerson


def overdue(case: Case, now: datetime) -> WindowOpened | WindowMissed | None:
    """What time alone has done to a case and its journal does not say yet. Recorded before anything is started."""
    if case.running or case.launch:
        return None
    if case.state is S.PROPOSED:
        gone = [slot for slot in case.slots if now > slot.latest_start]
        if len(gone) == len(case.slots):
            return WindowMissed(at=now, by=RECONCILER, reason="every proposed time passed without a confirmation")
        return None
    if case.state not in (S.SCHEDULED, S.BACKING_UP, S.BACKED_UP, S.UPGRADING) or case.window is None:
        return None
    place = standing(case.window, now, case.needed())
    if case.overridden(Guard.WINDOW) or place is Standing.NOT_YET:
        return None
    if place is Standing.OPEN:
        opens = not case.window_opened and case.state is not S.UPGRADING
        return WindowOpened(at=now, by=RECONCILER) if opens else None
    what = {
        S.SCHEDULED: "before the backup was made", S.BACKING_UP: "before the backup was made",
        S.BACKED_UP: "before the upgrade was started", S.UPGRADING: "before the upgrade was launched",
    }[case.state]
    how = "its latest start passed" if place is Standing.MISSED else "what is left of it became too short"
    return WindowMissed(at=now, by=RECONCILER, reason=f"the window was missed: {how} {what}")


def due_now(case: Case, now: datetime, hold: Hold | None = None) -> Next:
    """What is due, for a case on which time has done nothing that is not recorded (see ``overdue``)."""
    if case.running:
        return Wait(Awaited.RUN, f"{case.running.key}, under way since {case.running.started_at:%H:%M} UTC")
    answer = _BY_STATE[case.state](case, now)
    begins = isinstance(answer, Due) and answer.step.changes and not answer.reattach
    if hold and begins and not case.overridden(Guard.HOLD):
        return Wait(Awaited.HOLD, f"the hold of {hold.by} to be lifted: {hold.reason}")
    return answer


def _due(case: Case, step: Step, *, reattach: bool = False) -> Due:
    return Due(step, case.plan_revision, case.attempt_of(step), case.key_of(step), reattach)


def _always(step: Step) -> Callable[[Case, datetime], Next]:
    return lambda case, now: _due(case, step)


def _notified(case: Case, now: datetime) -> Next:
    asked_at = case.since + DELIVERY
    if now < asked_at:
        return Wait(Awaited.DELIVERY, "the notice to be delivered", asked_at)
    return NeedsPerson(Who.ENGINEER, "reach the client, whose notice was not delivered within a day, and record that")


def _awaiting_approval(case: Case, now: datetime) -> Next:
    asked = {a.id for a in (case.plan.actions if case.plan else ()) if a.needs_approval}
    return NeedsPerson(Who.CLIENT, f"decide on {', '.join(sorted(asked)) or 'the plan'}")


def _remediating(case: Case, now: datetime) -> Next:
    """Uplift's part first, then what people do by hand and say to have done."""
    left = todo(case)
    if left.undo or left.commands or not left:
        return _due(case, Step.REMEDIATE)
    if left.client:
        return NeedsPerson(Who.CLIENT, f"do {', '.join(left.client)} and say so")
    return NeedsPerson(Who.ENGINEER, f"do {', '.join(left.engineer)} and record it with `uplift case done`")


def _proposed(case: Case, now: datetime) -> Next:
    return NeedsPerson(Who.CLIENT, "confirm one of the proposed times", max(s.latest_start for s in case.slots))


def _booked(case: Case, now: datetime) -> Next:
    """From the confirmed window to the launch: inspect again, have the backup, begin when the window opens."""
    window = case.window
    if window is None:
        return NeedsPerson(Who.ENGINEER, "postpone the case: it is scheduled without a window")
    opened = now >= window.starts_at or case.overridden(Guard.WINDOW)
    oldest = (now if opened else window.starts_at) - (FRESH if opened else DAY_BEFORE)
    day_before = window.starts_at - DAY_BEFORE
    stale = case.inspected_at is None or case.inspected_at < oldest
    if stale and (now >= day_before or opened) and not case.overridden(Guard.FACTS):
        return _due(case, Step.PRECHECK)
    if case.state in (S.BACKED_UP, S.UPGRADING):
        if opened:
            return _due(case, Step.UPGRADE)
    elif case.attested or (opened and case.environment is Environment.SERVERWARE):
        return _due(case, Step.BACKUP)
    next_look = day_before if stale else window.starts_at
    if case.environment is Environment.STANDALONE and case.state is S.SCHEDULED and now >= day_before:
        return NeedsPerson(Who.CLIENT, "make a backup and attest it", window.latest_start if opened else next_look)
    what = "the window to open" if not stale else "the inspection a day before the window"
    return Wait(Awaited.WINDOW, f"{what} at {next_look:%Y-%m-%d %H:%M} UTC", next_look)


def _upgrading(case: Case, now: datetime) -> Next:
    return _due(case, Step.UPGRADE, reattach=True) if case.launch else _booked(case, now)


def _reverted(case: Case, now: datetime) -> Next:
    return NeedsPerson(Who.ENGINEER, "agree with the client: postpone for another try, or cancel the case")


def _watching(case: Case, now: datetime) -> Next:
    if case.watched:
        return NeedsPerson(Who.ENGINEER, "close the case with `uplift case close`")
    if case.watch_until and now < case.watch_until:
        return Wait(Awaited.WATCH, f"the watch to end at {case.watch_until:%Y-%m-%d %H:%M} UTC", case.watch_until)
    return _due(case, Step.WATCH)


def _over(case: Case, now: datetime) -> Next:
    deadlines = [backup.keep_until for backup in case.retained if backup.keep_until]
    if not deadlines:
        return Wait(Awaited.NOTHING, "nothing: the case is over")
    if now < min(deadlines):
        return Wait(Awaited.RETENTION, f"the clone's deadline at {min(deadlines):%Y-%m-%d %H:%M} UTC", min(deadlines))
    if case.deaths >= DEATHS:
        return NeedsPerson(Who.ENGINEER, "see why the clone cannot be removed, then release the case to try again")
    return _due(case, Step.RETIRE)


def _postponed(case: Case, now: datetime) -> Next:
    if case.not_before and now < case.not_before:
        return Wait(Awaited.DATE, f"{case.not_before:%Y-%m-%d %H:%M} UTC, until when it is postponed", case.not_before)
    return _due(case, Step.SCHEDULE)


def _needs_engineer(case: Case, now: datetime) -> Next:
    what = case.trouble.remedy if case.trouble else "look at the case's journal and release it"
    return NeedsPerson(Who.ENGINEER, what)


_BY_STATE: dict[State, Callable[[Case, datetime], Next]] = {
    S.OPENED: _always(Step.INTAKE),
    S.ASSIGNED: _always(Step.PRECHECK),
    S.INSPECTED: _always(Step.NOTIFY),
    S.NOTIFIED: _notified,
    S.AWAITING_APPROVAL: _awaiting_approval,
    S.REMEDIATING: _remediating,
    S.READY: _always(Step.SCHEDULE),
    S.PROPOSED: _proposed,
    S.SCHEDULED: _booked,
    S.BACKING_UP: _booked,
    S.BACKED_UP: _booked,
    S.UPGRADING: _upgrading,
    S.TESTING: _always(Step.VERIFY),
    S.REVERTING: _always(Step.REVERT),
    S.REVERTED: _reverted,
    S.WATCHING: _watching,
    S.CLOSED: _over,
    S.POSTPONED: _postponed,
    S.CANCELLED: _over,
    S.NEEDS_ENGINEER: _needs_engineer,
}
assert set(_BY_STATE) == set(State)
