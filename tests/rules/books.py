"""A second bookkeeping beside the case, against which the lifecycle's promises are held."""
from __future__ import annotations

from copy import copy
from datetime import timedelta

from tasks.model import event as e
from tasks.model.case import BackupKind, Case, Guard, State, Step
from tasks.model.plan import Plan
from tasks.rules.moves import MOVES
from tests.rules import story as s

S = State
PLANS = [s.READY_PLAN, s.SIP_PLAN, s.BY_HAND_PLAN, s.LIGHT_PLAN]
REPORTER = {
    "assigned": Step.INTAKE, "inspected": Step.PRECHECK, "notified": Step.NOTIFY, "remediated": Step.REMEDIATE,
    "action_done": Step.REMEDIATE, "action_undone": Step.REMEDIATE,
    "proposed": Step.SCHEDULE, "backup_taken": Step.BACKUP, "upgrade_refused": Step.UPGRADE,
    "upgrade_launching": Step.UPGRADE, "upgrade_launched": Step.UPGRADE, "upgrade_finished": Step.UPGRADE,
    "upgrade_failed": Step.UPGRADE, "tests_passed": Step.VERIFY, "tests_failed": Step.VERIFY,
    "revert_done": Step.REVERT, "watch_done": Step.WATCH, "retired": Step.RETIRE,
}
DURING_A_CHANGE = {
    "assigned", "noted", "overridden", "stop_asked", "window_opened", "action_ticked", "bounced", "client_said",
    "data_kept",
}


class Books:
    """What a careful clerk would note beside the case, from the accepted events alone."""

    def __init__(self) -> None:
        self.agreed: Plan | None = None
        self.shown: dict[str, Plan] = {}
        self.window = None
        self.backup = None
        self.window_overridden = self.agreement_overridden = False
        self.keys: set[str] = set()
        self.announced = self.on_system = self.ended = False
        self.launches_since_revert = 0
        self.last_test = None
        self.approved: set[str] = set()
        self.carried_out: set[str] = set()

    def copy(self) -> Books:
        twin = copy(self)
        twin.keys, twin.shown = set(self.keys), dict(self.shown)
        twin.approved, twin.carried_out = set(self.approved), set(self.carried_out)
        return twin

    def note(self, before: Case, after: Case, event: e.Event) -> None:
        run = getattr(event, "run", None)
        if run:
            assert before.running and before.running.key == run, "a report of a run that is not under way"
            assert REPORTER.get(event.kind, before.running.step) is before.running.step, "another step's report"
        elif before.running and before.running.step.changes:
            assert event.kind in DURING_A_CHANGE, "a person's word overtook a change"
        getattr(self, f"_{event.kind}", lambda *_: None)(before, event)
        if after.plan_revision != before.plan_revision:
            assert after.plan_revision == before.plan_revision + 1
            self.window = self.backup = None
            self.window_overridden = False

    def _inspected(self, before: Case, event: e.Inspected) -> None:
        self.shown[event.plan.digest] = event.plan

    def _approved(self, before: Case, event: e.Approved) -> None:
        plan = self.shown[event.digest]
        refused = {decision.remediation_id for decision in event.decisions if not decision.approved}
        blocked = any(i.blocking and i.remediation_ids and set(i.remediation_ids) <= refused for i in plan.items)
        if not blocked:
            self.agreed = plan
            self.approved = {d.remediation_id for d in event.decisions if d.approved}

    def _action_done(self, before: Case, event: e.ActionDone) -> None:
        assert event.remediation_id in self.approved, "a command that nobody approved"
        assert event.remediation_id not in self.carried_out, "carried out twice"
        self.carried_out.add(event.remediation_id)

    def _action_undone(self, before: Case, event: e.ActionUndone) -> None:
        assert event.remediation_id in self.carried_out, "undone what was not done"
        self.carried_out.discard(event.remediation_id)
        self.approved.discard(event.remediation_id)

    def _confirmed(self, before: Case, event: e.Confirmed) -> None:
        plan = self.shown[event.digest]
        if not plan.items:
            self.agreed = self.agreed or plan
        self.window = event.window

    def _backup_taken(self, before: Case, event: e.BackupTaken) -> None:
        self.backup = event.proof if event.proof.of == s.MARKS else None

    def _backup_attested(self, before: Case, event: e.BackupAttested) -> None:
        if event.proof.kind is BackupKind.ACCEPTED:
            self.backup = event.proof

    def _overridden(self, before: Case, event: e.Overridden) -> None:
        assert event.guard in (Guard.WINDOW, Guard.FACTS)
        self.window_overridden |= event.guard is Guard.WINDOW

    def _step_started(self, before: Case, event: e.StepStarted) -> None:
        key = f"C-1:{event.step}:{event.plan_revision}:{event.attempt}"
        assert before.running is None, "two runs at once"
        assert key not in self.keys, "a key came back"
        self.keys.add(key)

    def _upgrade_launching(self, before: Case, event: e.UpgradeLaunching) -> None:
        assert not self.announced, "announced twice"
        needed = timedelta(seconds=before.plan.estimate_s)
        begins_well = self.window and self.window.starts_at <= event.at <= self.window.latest_start
        assert self.window_overridden or (begins_well and event.at + needed <= self.window.ends_at), "window skipped"
        assert self.agreed and set(before.plan.items) <= set(self.agreed.items), "approval skipped"
        assert self.backup and self.backup.of == s.MARKS, "backup skipped"
        self.announced = True

    def _upgrade_refused(self, before: Case, event: e.UpgradeRefused) -> None:
        self.announced = self.on_system

    def _upgrade_launched(self, before: Case, event: e.UpgradeLaunched) -> None:
        assert self.announced
        self.launches_since_revert += not self.on_system
        assert self.launches_since_revert == 1, "launched twice"
        self.on_system = True

    def _upgrade_finished(self, before: Case, event: e.UpgradeFinished) -> None:
        self.on_system = self.ended = True
        self.last_test = None

    def _upgrade_failed(self, before: Case, event: e.UpgradeFailed) -> None:
        self.ended = True

    def _released(self, before: Case, event: e.Released) -> None:
        if before.trouble and before.trouble.resume is S.UPGRADING:
            self.ended = False

    def _tests_passed(self, before: Case, event: e.TestsPassed) -> None:
        assert self.ended, "tested before the upgrade had ended"
        self.last_test = True

    def _tests_failed(self, before: Case, event: e.TestsFailed) -> None:
        self.last_test = False

    def _closed(self, before: Case, event: e.Closed) -> None:
        assert self.last_test, "closed untested"

    def _revert_requested(self, before: Case, event: e.RevertRequested) -> None:
        assert self.announced and self.ended, "reverted over a migration"

    def _revert_done(self, before: Case, event: e.RevertDone) -> None:
        if event.release == s.OLD:
            self.announced = self.on_system = self.ended = False
            self.launches_since_revert = 0

    def _cancelled(self, before: Case, event: e.Cancelled) -> None:
        assert not self.announced

    _postponed = _window_missed = _cancelled


def declared(before: Case, after: Case, event: e.Event) -> bool:
    """Whether the table of moves has this transition; a stop that was asked for may end any of them in a halt."""
    stopped = bool(before.stop_asked) and after.state is S.NEEDS_ENGINEER
    return stopped or after.state in MOVES[type(event)].edges[before.state]
