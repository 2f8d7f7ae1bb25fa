"""The guards before every change on a client's system. All are asked, each refusal says what to do, none is skipped.

What could not be told (None) refuses like a wrong answer. Identity, lease, backup and a running migration are never
overridden; every other override is a recorded decision with a name and a reason (``Case.overrides``).
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.model.case import BackupKind, BackupProof, Case, Guard, IdentityMarks, Step
from tasks.model.finding import Verdict
from tasks.model.fleet import Environment
from tasks.model.ledger import Hold, Lease
from tasks.model.plan import Plan
from tasks.model.window import Window
from tasks.rules.window import Standing, drifted, standing

G = Guard
NEVER = frozenset({G.IDENTITY, G.LEASE, G.BACKUP, G.MIGRATION})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a change is not made, and what to do: one sentence."""

    guard: Guard
    reason: str
    remedy: str

    @property
    def overridable(self) -> bool:
        return self.guard not in NEVER

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}."


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen immediately before a change. None is: could not be told.

    ``lease`` is the one that the caller holds, ``lease_token`` the newest that the database has given out for it.
    ``clock_offset`` is the system's clock minus the database's. ``digest_now`` is of the plan judged from the facts of
    ``facts_at`` (``plan_now``), ``verdict_now`` theirs with the waivers that count now. ``window`` and ``backup`` are
    as the database has them at this moment, not as they were at the start. ``calls_up``: see ``tasks.rules.callers``.
    """

    facts_at: datetime | None
    identity: IdentityMarks
    lease: Lease | None
    lease_token: int | None
    window: Window | None
    backup: BackupProof | None
    backup_found: bool | None           # whether it was seen to exist at this moment
    digest_now: str | None
    migration_running: bool | None
    hold: Hold | None
    clock_offset: timedelta | None
    verdict_now: Verdict | None = None
    plan_now: Plan | None = None
    calls_up: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    facts_age: timedelta = timedelta(hours=1)
    backup_age: timedelta = timedelta(hours=24)         # when the window opened
    clock_offset: timedelta = timedelta(seconds=60)
    lease_left: timedelta = timedelta(seconds=5)


def may_change(
    case: Case, step: Step, seen: Seen, now: datetime, limits: Limits | None = None
) -> tuple[Refusal, ...]:
    """Why ``step`` may not change the system now; empty when it may. Raises ValueError for a step that only reads.

    ``now`` is the database's time. Refusals whose guard is overridden for this plan revision are left out.
    """
    if step not in GUARDS:
        raise ValueError(f"{step} changes nothing, so it has no guards")
    question = _Question(case, step, seen, now, limits or Limits())
    found = [refusal for guard in GUARDS[step] if (refusal := _ASK[guard](question))]
    return tuple(r for r in found if not (r.overridable and case.overridden(r.guard)))


@dataclass(frozen=True, slots=True)
class _Question:
    case: Case
    step: Step
    seen: Seen
    now: datetime
    limits: Limits


def _identity(q: _Question) -> Refusal | None:
    known, got = q.case.identity, q.seen.identity
    if known is None:
        return Refusal(G.IDENTITY, "the case does not know its system yet", "inspect it first")
    if q.step is Step.RETIRE:
        return _clone_identity(q)
    names = {"host_key": "host key", "machine_id": "machine id", "vps_id": "VPS id"}
    for mark, name in names.items():
        had, has = getattr(known, mark), getattr(got, mark)
        if has is not None and had != has:
            return Refusal(G.IDENTITY, f"another machine answers: its {name} is {has}, not {had}",
                           "find out which machine this is before anything is done to it")
    missing = got.missing(q.case.environment)
    if q.step is Step.REVERT and q.case.environment is Environment.SERVERWARE and got.vps_id is not None:
        return None         # what an upgrade has broken need not answer; SERVERware names the VPS
    if missing:
        return Refusal(G.IDENTITY, f"the machine could not be told: {missing} is unknown", "make it readable and retry")
    return None


def _clone_identity(q: _Question) -> Refusal | None:
    """What is removed must be a clone of this case, and must not be the system."""
    clones = {backup.ref for backup in q.case.retained}
    if q.seen.identity.vps_id is None or q.seen.identity.vps_id not in clones:
        return Refusal(G.IDENTITY, f"{q.seen.identity.vps_id} is not a clone that this case made",
                       "remove only clones that the case retains")
    if q.case.identity and q.seen.identity.vps_id == q.case.identity.vps_id:
        return Refusal(G.IDENTITY, "this is the client's system itself", "remove only clones that the case retains")
    return None


def _lease(q: _Question) -> Refusal | None:
    lease, again = q.seen.lease, "let the run end; the reconciler starts another"
    if lease is None:
        return Refusal(G.LEASE, "no lease on this system is held", again)
    if q.seen.lease_token != lease.token:
        return Refusal(G.LEASE, f"the lease was taken over (token {lease.token}, now {q.seen.lease_token})", again)
    if lease.expires_at - q.now < q.limits.lease_left:
        return Refusal(G.LEASE, f"the lease ends at {lease.expires_at:%H:%M:%S} UTC", again)
    return None


def _migration(q: _Question) -> Refusal | None:
    running = q.seen.migration_running
    if running is None:
        return Refusal(G.MIGRATION, "whether a migration is running could not be told",
                       "make the system answer, or see on its host that it is stopped")
    return Refusal(G.MIGRATION, "a migration is running on the system", "wait for its end") if running else None


def _backup(q: _Question) -> Refusal | None:
    proof = q.seen.backup
    if proof is None:
        return Refusal(G.BACKUP, "there is no backup", "take one, attest one, or accept one by name")
    if proof.of != q.case.identity:
        return Refusal(G.BACKUP, f"the backup {proof.ref} is of another machine", "take one of this machine")
    if proof.taken_at > q.now:
        return Refusal(G.BACKUP, f"the backup {proof.ref} lies in the future", "set the clocks right and take another")
    opened_at = min(q.now, q.seen.window.starts_at) if q.seen.window else q.now
    if q.step is Step.UPGRADE and opened_at - proof.taken_at > q.limits.backup_age:
        return Refusal(G.BACKUP, f"the backup of {proof.taken_at:%Y-%m-%d %H:%M} UTC is too old", "take another")
    if proof.kind is not BackupKind.ACCEPTED and not q.seen.backup_found:
        return Refusal(G.BACKUP, f"the backup {proof.ref} was not found where it should be", "find it or take another")
    return None


def _window(q: _Question) -> Refusal | None:
    window = q.seen.window
    if window is None:
        return Refusal(G.WINDOW, "no window is confirmed", "propose times and have the client confirm one")
    if drifted(window):
        return Refusal(G.WINDOW, f"the clock in {window.zone} has changed its rules since the window was agreed",
                       "confirm the window's local time again")
    match standing(window, q.now, q.case.needed()):
        case Standing.NOT_YET:
            return Refusal(G.WINDOW, f"the window opens at {window.starts_at:%Y-%m-%d %H:%M} UTC", "wait for it")
        case Standing.TOO_SHORT:
            left, needed = (window.ends_at - q.now).total_seconds() / 60, q.case.needed().total_seconds() / 60
            return Refusal(G.WINDOW, f"the window has {left:.0f} min left and the upgrade needs {needed:.0f}",
                           "agree on a longer window")
        case Standing.MISSED:
            return Refusal(G.WINDOW, f"the latest start passed at {window.latest_start:%Y-%m-%d %H:%M} UTC",
                           "agree on another window")
        case Standing.OPEN:
            return None


def _facts(q: _Question) -> Refusal | None:
    if q.seen.facts_at is None:
        return Refusal(G.FACTS, "the system was not inspected", "inspect it now")
    age = q.now - q.seen.facts_at
    if age > q.limits.facts_age:
        return Refusal(G.FACTS, f"the facts are {age.total_seconds() / 60:.0f} min old", "inspect the system now")
    if age < -q.limits.clock_offset:
        return Refusal(G.FACTS, "the facts lie in the future", "set the clocks right and inspect the system again")
    return None


def _agreement(q: _Question) -> Refusal | None:
    if not q.case.agreed:
        return Refusal(G.AGREEMENT, "the client has not agreed to the plan as it is now", "ask the client again")
    if q.step is Step.REMEDIATE:
        # What is done one after the other makes findings vanish: the plan may have become less, not another one.
        approval, now = q.case.approval, q.seen.plan_now
        if now is None or approval is None or not approval.plan.covers(now):
            return Refusal(G.AGREEMENT, "something has been found that the client did not agree to",
                           "have the system inspected again, so that the client is asked")
        return None
    agreed, now = q.case.plan, q.seen.plan_now
    less = agreed is not None and now is not None and agreed.covers(now)
    if q.seen.digest_now != q.case.plan_digest and not less:
        return Refusal(G.AGREEMENT, "the findings have changed since the plan was agreed",
                       "record the inspection, so that the client is asked where it is needed")
    if q.seen.verdict_now is not Verdict.READY:
        # The digest holds waived findings too, so that a waiver which expired leaves it as it was.
        return Refusal(G.AGREEMENT, f"the system is judged {q.seen.verdict_now or 'not at all'} now, with the waivers "
                       "that count today", "waive what stands in the way by name, or inspect the system again")
    return None


def _hold(q: _Question) -> Refusal | None:
    hold = q.seen.hold
    if hold is None:
        return None
    return Refusal(G.HOLD, f"{hold.by} holds all changes: {hold.reason}", "wait until the hold is lifted")


def _clock(q: _Question) -> Refusal | None:
    offset = q.seen.clock_offset
    if offset is None:
        return Refusal(G.CLOCK, "the system's clock could not be read", "make it readable and retry")
    if abs(offset) > q.limits.clock_offset:
        return Refusal(G.CLOCK, f"the system's clock is off by {offset.total_seconds():.0f} s", "set it right")
    return None


def _calls(q: _Question) -> Refusal | None:
    up = q.seen.calls_up
    if up is None:
        return Refusal(G.CALLS, "whether anybody is on the phone could not be told", "make Asterisk tell its calls")
    if not up:
        return None
    said = "1 call is" if up == 1 else f"{up} calls are"
    return Refusal(G.CALLS, f"{said} up and would be cut off", "release the case when they have ended")


_ASK: dict[Guard, Callable[[_Question], Refusal | None]] = {
    G.IDENTITY: _identity, G.LEASE: _lease, G.MIGRATION: _migration, G.BACKUP: _backup, G.WINDOW: _window,
    G.FACTS: _facts, G.AGREEMENT: _agreement, G.HOLD: _hold, G.CLOCK: _clock,
    G.CALLS: _calls,
}
# A revert is the client's way out: it waits for no window and no clock, and what it restores is the agreement.
GUARDS: dict[Step, tuple[Guard, ...]] = {
    Step.UPGRADE: tuple(G),
    Step.BACKUP: (G.IDENTITY, G.LEASE, G.MIGRATION, G.WINDOW, G.FACTS, G.AGREEMENT, G.HOLD, G.CLOCK),
    Step.REMEDIATE: (G.IDENTITY, G.LEASE, G.MIGRATION, G.FACTS, G.AGREEMENT, G.HOLD, G.CLOCK),
    Step.REVERT: (G.IDENTITY, G.LEASE, G.MIGRATION, G.BACKUP, G.HOLD),
    Step.RETIRE: (G.IDENTITY, G.LEASE, G.HOLD),
}
