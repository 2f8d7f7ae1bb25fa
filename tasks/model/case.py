"""One client's upgrade, from the ticket to the closed case. ``tasks.rules.lifecycle`` says how a case moves."""
from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from pydantic import Field, model_validator

from tasks.model.finding import Frozen as Kept
from tasks.model.finding import Waiver
from tasks.model.fleet import Environment
from tasks.model.moment import Moment
from tasks.model.personal_data import Erasure, LegalHold
from tasks.model.plan import Plan
from tasks.model.release import Release
from tasks.model.window import Window


class State(StrEnum):
    OPENED = "opened"
    ASSIGNED = "assigned"
    INSPECTED = "inspected"
    NOTIFIED = "notified"
    AWAITING_APPROVAL = "awaiting_approval"
    REMEDIATING = "remediating"
    READY = "ready"
    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    BACKING_UP = "backing_up"
    BACKED_UP = "backed_up"
    UPGRADING = "upgrading"
    TESTING = "testing"
    REVERTING = "reverting"
    REVERTED = "reverted"
    WATCHING = "watching"
    CLOSED = "closed"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    NEEDS_ENGINEER = "needs_engineer"


OVER = frozenset({State.CLOSED, State.CANCELLED})


class Step(StrEnum):
    """The steps of a case; each is a deployment of the same name."""

    INTAKE = "intake"
    PRECHECK = "precheck"
    NOTIFY = "notify"
    REMEDIATE = "remediate"
    SCHEDULE = "schedule"
    BACKUP = "backup"
    UPGRADE = "upgrade"
    VERIFY = "verify"
    REVERT = "revert"
    WATCH = "watch"
    RETIRE = "retire"

    @property
    def changes(self) -> bool:
        """Whether the step alters anything on the client's side, so that it runs behind the guards."""
        return self in (Step.REMEDIATE, Step.BACKUP, Step.UPGRADE, Step.REVERT, Step.RETIRE)


def step_key(case_id: str, step: Step, plan_revision: int, attempt: int) -> str:
    """The idempotency key of one run of one step, as INTERFACES.md spells it."""
    return f"{case_id}:{step}:{plan_revision}:{attempt}"


class IdentityMarks(Kept):
    """What tells one machine from another. A clone shares the first two; ``vps_id`` is None on standalone systems."""

    host_key: str | None        # SHA256:…
    machine_id: str | None
    vps_id: str | None = None

    def missing(self, environment: Environment) -> str | None:
        """The mark, in words, that is missing for telling this machine from all others."""
        if self.host_key is None:
            return "its host key"
        if self.machine_id is None:
            return "its machine id"
        return "its VPS id" if environment is Environment.SERVERWARE and self.vps_id is None else None


class How(StrEnum):
    """The way by which a person's decision reached Uplift."""

    CLIENT_PAGE = "client_page"
    TICKET = "ticket"
    MAIL = "mail"
    TELEPHONE = "telephone"
    COMMAND_LINE = "command_line"
    CONFIRMED_SLOT = "confirmed_slot"       # no action was needed: confirming the slot agreed to the plan


class Decision(Kept):
    """Of one remediation."""
    remediation_id: str
    approved: bool
    reason: str = Field("", max_length=500)


class CarriedOut(Kept):
    """A command that was carried out on the system. ``undo`` is None where it cannot be undone."""

    remediation_id: str
    at: Moment
    summary: str
    undo: str | None = None


class Approval(Kept):
    """A client's word on a plan, as it was when the word was given."""

    plan: Plan
    by: str = Field(min_length=1)
    how: How
    at: Moment
    decisions: tuple[Decision, ...] = ()

    @property
    def digest(self) -> str:
        return self.plan.digest

    def approves(self, remediation_id: str) -> bool:
        return any(d.approved for d in self.decisions if d.remediation_id == remediation_id)


class BackupKind(StrEnum):
    CLONE = "clone"             # SERVERware: made and verified by Uplift
    ATTESTED = "attested"       # standalone: the client's word, with evidence found on the system
    ACCEPTED = "accepted"       # an engineer vouches for it by name


class BackupProof(Kept):
    """``ref`` finds it again: a clone's VPS id, or where a file lies. ``of`` is the machine that it is a backup of."""

    kind: BackupKind
    ref: str = Field(min_length=1)
    of: IdentityMarks
    evidence: str = Field(min_length=1)
    taken_at: Moment
    by: str = Field(min_length=1)
    keep_until: Moment | None = None        # when a clone is removed; None where it is the client's own

    @model_validator(mode="after")
    def _a_clone_has_a_deadline(self) -> BackupProof:
        if self.kind is BackupKind.CLONE and self.keep_until is None:
            raise ValueError("a clone needs keep_until, or nobody ever removes it")
        return self


class Guard(StrEnum):
    """What is looked at before a change. ``tasks.rules.gate`` says which may be overridden."""

    IDENTITY = "identity"
    LEASE = "lease"
    MIGRATION = "migration"
    BACKUP = "backup"
    WINDOW = "window"
    FACTS = "facts"
    AGREEMENT = "agreement"
    HOLD = "hold"
    CLOCK = "clock"
    CALLS = "calls"


class Override(Kept):
    """A recorded decision to go on although a guard refuses. Holds for one plan revision of one case."""

    guard: Guard
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    at: Moment
    plan_revision: int


class Run(Kept):
    """A step that was started and has not reported its end."""

    key: str
    step: Step
    started_at: Moment


class LaunchEnd(StrEnum):
    FINISHED = "finished"
    FAILED = "failed"


class Launch(Kept):
    """The one launch of the upgrader on the system. ``fence`` is the mark that is laid there together with it.

    It is written before the launch: between ``intended_at`` and ``launched_at`` only the system knows.
    """

    fence: str
    intended_at: Moment
    launched_at: Moment | None = None
    ended_at: Moment | None = None
    end: LaunchEnd | None = None


class Tests(Kept):
    """After the upgrade: who said so and what was seen."""
    __test__: ClassVar[bool] = False    # not one of pytest's

    passed: bool
    by: str
    at: Moment
    summary: str


class Trouble(Kept):
    """Why a case waits for its engineer, what is to be done, and the state to which releasing it returns."""

    reason: str
    remedy: str
    resume: State


class Case(Kept):
    id: str
    order_ref: str                              # of the store; one order is one case
    system_id: str
    client: str
    environment: Environment
    target: Release
    opened_at: Moment
    state: State = State.OPENED
    since: Moment                               # of this state
    plan_revision: int = 1                      # grows when a window or an approval is lost: keys are never used twice
    attempts: dict[Step, int] = Field({})       # runs started of each step in this revision
    deaths: int = 0                             # runs in a row that died without a report
    running: Run | None = None
    stop_asked: str | None = None               # who asked to halt at the next stage boundary, and why
    reminders: int = 0                          # sent in this state
    reminded_at: Moment | None = None

    engineer: str | None = None
    identity: IdentityMarks | None = None
    plan: Plan | None = None
    inspected_at: Moment | None = None
    findings_ref: str | None = None             # where the findings of that inspection lie
    remediated: tuple[str, ...] = ()            # remediation ids that were carried out, or ticked off by who did them
    carried_out: tuple[CarriedOut, ...] = ()    # the commands among them
    undo: tuple[str, ...] = ()                  # remediation ids that are to be undone
    approval: Approval | None = None
    waivers: tuple[Waiver, ...] = ()
    overrides: tuple[Override, ...] = ()

    slots: tuple[Window, ...] = ()
    window: Window | None = None
    window_opened: bool = False
    attested: BackupProof | None = None         # the client's word, before the evidence was looked for
    backup: BackupProof | None = None
    retained: tuple[BackupProof, ...] = ()      # clones that exist and must be removed one day
    launch: Launch | None = None
    running_release: Release | None = None      # as it was last verified
    tests: Tests | None = None
    watch_until: Moment | None = None
    watched: bool = False
    not_before: Moment | None = None            # of a postponed case
    postponed_reason: str | None = None
    trouble: Trouble | None = None
    legal_hold: LegalHold | None = None         # the personal data are kept until then, whatever else is due
    erasure: Erasure | None = None              # the personal data of a case that is over are to be removed,
    erased_at: Moment | None = None             # and were removed then

    @property
    def plan_digest(self) -> str | None:
        return self.plan.digest if self.plan else None

    @property
    def agreed(self) -> bool:
        """Whether the client's approval covers the plan as it stands now."""
        return bool(self.plan and self.approval and self.approval.plan.covers(self.plan))

    @property
    def launched_and_not_ended(self) -> bool:
        """Whether a migration may be running on the system."""
        return self.launch is not None and self.launch.ended_at is None

    def attempt_of(self, step: Step) -> int:
        """The number of the next run of a step in this plan revision, from 1."""
        return self.attempts.get(step, 0) + 1

    def key_of(self, step: Step) -> str:
        """The idempotency key of the next run of a step."""
        return step_key(self.id, step, self.plan_revision, self.attempt_of(step))

    def overridden(self, guard: Guard) -> bool:
        return any(o.guard is guard and o.plan_revision == self.plan_revision for o in self.overrides)

    def needed(self) -> timedelta:
        """How long the upgrade is thought to take."""
        return timedelta(seconds=self.plan.estimate_s if self.plan else 0)
