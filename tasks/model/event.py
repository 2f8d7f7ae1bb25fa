"""What can happen to a case. ``run`` is the idempotency key of the step's run that reports it; None is a person.

Each event stands in the journal as it is written here: fields are added, never renamed or removed.
"""
from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter

from tasks.model.case import BackupProof, Guard, How, IdentityMarks, Step
from tasks.model.event_client import Approved, Bounced, ClientSaid, Declined, Delivered, Notified, Reminded
from tasks.model.event_data import DataKept, Erased, ErasureAsked
from tasks.model.event_remedy import ActionDone, ActionTicked, ActionUndone, Remediated, UndoAsked
from tasks.model.finding import Waiver
from tasks.model.fleet import Environment
from tasks.model.happened import Happened, Reported, Sentence
from tasks.model.moment import Moment
from tasks.model.plan import Plan
from tasks.model.release import Release
from tasks.model.window import Window

__all__ = [
    "EVENTS", "ActionDone", "ActionTicked", "ActionUndone", "Approved", "Assigned", "BackupAttested", "BackupTaken",
    "Bounced", "Cancelled", "ClientSaid", "Closed", "Confirmed", "DataKept", "Declined", "Delivered", "Erased",
    "ErasureAsked", "Event", "Happened",
    "Inspected", "NeedsEngineer", "Noted", "Notified", "Opened", "Overridden", "Postponed", "Proposed", "Released",
    "Remediated", "Reminded", "Reported", "Retired", "RevertDone", "RevertRequested", "Sentence", "StepDied",
    "StepFailed", "StepStarted", "StopAsked", "TestsFailed", "TestsPassed", "UndoAsked", "UpgradeFailed",
    "UpgradeFinished", "UpgradeLaunched", "UpgradeLaunching", "UpgradeRefused", "Waived", "WatchDone", "WindowMissed",
    "WindowOpened",
]


class Opened(Happened):
    kind: Literal["opened"] = "opened"
    case_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")
    order_ref: str = Field(min_length=1, max_length=190)
    system_id: str
    client: str
    environment: Environment
    target: Release


class Assigned(Happened):
    kind: Literal["assigned"] = "assigned"
    engineer: str = Field(min_length=1)
    reason: str = Field("", max_length=2000)        # why this one, where rules chose
    run: str | None = None


class StepStarted(Happened):
    """A run begins. It is refused unless this step, revision and attempt is what is due now."""

    kind: Literal["step_started"] = "step_started"
    step: Step
    plan_revision: int
    attempt: int


class StepDied(Reported):
    """The run's lease expired without a report."""

    kind: Literal["step_died"] = "step_died"
    reason: Sentence


class StepFailed(Reported):
    """The step ended without its result; the engineer is told what to do."""

    kind: Literal["step_failed"] = "step_failed"
    reason: Sentence
    remedy: Sentence


class Inspected(Happened):
    kind: Literal["inspected"] = "inspected"
    plan: Plan
    identity: IdentityMarks
    findings_ref: str
    run: str | None = None


class Waived(Happened):
    kind: Literal["waived"] = "waived"
    waiver: Waiver


class Proposed(Happened):
    kind: Literal["proposed"] = "proposed"
    slots: tuple[Window, ...] = Field(min_length=1)
    run: str | None = None


class Confirmed(Happened):
    """A window is agreed. ``digest`` is of the plan that was shown with the slots."""

    kind: Literal["confirmed"] = "confirmed"
    digest: str
    window: Window
    how: How


class WindowOpened(Happened):
    kind: Literal["window_opened"] = "window_opened"


class WindowMissed(Happened):
    kind: Literal["window_missed"] = "window_missed"
    reason: Sentence


class BackupAttested(Happened):
    """The client's word for a backup, or an engineer's acceptance of one (``proof.kind``)."""

    kind: Literal["backup_attested"] = "backup_attested"
    proof: BackupProof


class BackupTaken(Reported):
    """A clone was made and verified, or the evidence for an attested backup was found."""

    kind: Literal["backup_taken"] = "backup_taken"
    proof: BackupProof


class UpgradeRefused(Reported):
    """The guards refused before anything was launched."""

    kind: Literal["upgrade_refused"] = "upgrade_refused"
    refusals: tuple[str, ...] = Field(min_length=1)


class UpgradeLaunching(Reported):
    """Written before the launch: whoever comes after a crash knows to look on the system for ``fence``."""

    kind: Literal["upgrade_launching"] = "upgrade_launching"
    fence: str = Field(min_length=1)


class UpgradeLaunched(Reported):
    """The system has the fence: launched by this run, or found there by a later one."""

    kind: Literal["upgrade_launched"] = "upgrade_launched"
    fence: str


class UpgradeFinished(Reported):
    kind: Literal["upgrade_finished"] = "upgrade_finished"
    release: Release


class UpgradeFailed(Happened):
    """It ended without success. With ``run`` None an engineer declares by name that it no longer runs."""

    kind: Literal["upgrade_failed"] = "upgrade_failed"
    stage: str
    reason: Sentence
    run: str | None = None


class TestsPassed(Happened):
    __test__: ClassVar[bool] = False
    kind: Literal["tests_passed"] = "tests_passed"
    summary: Sentence
    watch_until: Moment
    run: str | None = None


class TestsFailed(Happened):
    __test__: ClassVar[bool] = False
    kind: Literal["tests_failed"] = "tests_failed"
    summary: Sentence
    run: str | None = None


class RevertRequested(Happened):
    """A client's request, recorded with its way here; what is lost by it was shown (``losses``)."""

    kind: Literal["revert_requested"] = "revert_requested"
    how: How
    reason: Sentence
    losses: Sentence


class RevertDone(Reported):
    kind: Literal["revert_done"] = "revert_done"
    release: Release


class WatchDone(Reported):
    kind: Literal["watch_done"] = "watch_done"
    summary: Sentence


class Closed(Happened):
    """``early`` is the reason for closing before the watch ended."""

    kind: Literal["closed"] = "closed"
    early: str | None = None


class Postponed(Happened):
    kind: Literal["postponed"] = "postponed"
    reason: Sentence
    not_before: Moment | None = None


class Cancelled(Happened):
    kind: Literal["cancelled"] = "cancelled"
    reason: Sentence


class StopAsked(Happened):
    """Halt at the next stage boundary."""

    kind: Literal["stop_asked"] = "stop_asked"
    reason: Sentence


class NeedsEngineer(Happened):
    kind: Literal["needs_engineer"] = "needs_engineer"
    reason: Sentence
    remedy: Sentence


class Released(Happened):
    """The engineer has dealt with it; the case goes on where it stood."""

    kind: Literal["released"] = "released"
    note: Sentence


class Overridden(Happened):
    kind: Literal["overridden"] = "overridden"
    guard: Guard
    reason: Sentence


class Retired(Reported):
    """Clones that are gone, by their ``ref``."""

    kind: Literal["retired"] = "retired"
    refs: tuple[str, ...]


class Noted(Happened):
    kind: Literal["noted"] = "noted"
    text: Sentence


Event = (
    Opened | Assigned | StepStarted | StepDied | StepFailed | Inspected | Notified | Delivered | Bounced | Reminded
    | ClientSaid | Approved | Declined | Waived | ActionDone | ActionTicked | UndoAsked | ActionUndone | Remediated
    | Proposed | Confirmed | WindowOpened | WindowMissed | BackupAttested | BackupTaken
    | UpgradeRefused | UpgradeLaunching | UpgradeLaunched | UpgradeFinished | UpgradeFailed | TestsPassed | TestsFailed
    | RevertRequested | RevertDone | WatchDone | Closed | Postponed | Cancelled | StopAsked | NeedsEngineer | Released
    | Overridden | Retired | DataKept | ErasureAsked | Erased | Noted
)
EVENTS: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
