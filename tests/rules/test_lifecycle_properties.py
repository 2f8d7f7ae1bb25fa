"""Any events in any order, interrupted anywhere: what the lifecycle promises, held against a second bookkeeping."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from copy import copy
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tasks.model import event as e
from tasks.model.case import BackupKind, Case, Guard, State, Step
from tasks.model.fleet import Environment
from tasks.model.plan import Plan
from tasks.rules.lifecycle import Due, NeedsPerson, Refused, Wait, apply, next_step, overdue
from tasks.rules.moves import MOVES
from tasks.rules.todo import todo
from tests.rules import story as s
from tests.rules.story import Story, possible

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


class AnyOrder(RuleBasedStateMachine):
    @initialize(environment=st.sampled_from(Environment), plan=st.sampled_from(PLANS),
                steps=st.integers(0, 30))
    def begin(self, environment: Environment, plan: Plan, steps: int) -> None:
        self.story, self.books, self.runs = Story(environment, plan), Books(), []
        for _ in range(steps):
            self.go_on()

    def tell(self, event: e.Event) -> Case | Refused:
        before = self.story.case
        after = apply(before, event)
        if isinstance(after, Refused):
            assert after.reason and after.remedy
            return after
        self.books.note(before, after, event)
        assert declared(before, after, event), (event.kind, before.state, after.state)
        self.story.case = after
        if after.running and after.running.key not in self.runs:
            self.runs.append(after.running.key)
        return after

    def catch_up(self) -> None:
        while late := overdue(self.story.case, self.story.now):
            assert isinstance(self.tell(late), Case)

    @rule()
    def go_on(self) -> None:
        """What the reconciler and the people concerned do when all goes well."""
        self.catch_up()
        story = self.story
        if story.case.running:
            for event in s.good_reports(story.case, story.now, story.found):
                self.tell(event)
            return
        match next_step(story.case, story.now):
            case Due() as due:
                started = e.StepStarted(at=story.now, by="tend", step=due.step, plan_revision=due.plan_revision,
                                        attempt=due.attempt)
                assert isinstance(self.tell(started), Case), "what is due was refused"
            case NeedsPerson():
                self.tell(s.good_word(story.case, story.now))
            case Wait(until=until):
                if story.case.state is S.NOTIFIED:
                    self.tell(s.good_word(story.case, story.now))
                elif until:
                    story.now = until

    @rule(pick=st.integers(0, 10_000), runs=st.integers(0, 3))
    def anything(self, pick: int, runs: int) -> None:
        events = list(possible(self.story.case, self.story.now, self.runs[-runs:] if runs else []))
        taken = [event for event in events if isinstance(apply(self.story.case, event), Case)]
        self.tell(taken[pick % len(taken)])

    @rule(pick=st.integers(0, 10_000))
    def anything_refused(self, pick: int) -> None:
        events = list(possible(self.story.case, self.story.now, self.runs[-3:]))
        self.tell(events[pick % len(events)])

    @rule(step=st.sampled_from(Step), revision=st.integers(1, 4), attempt=st.integers(1, 4))
    def start_anything(self, step: Step, revision: int, attempt: int) -> None:
        self.tell(e.StepStarted(at=self.story.now, by="a late run", step=step, plan_revision=revision,
                                attempt=attempt))

    @precondition(lambda self: self.story.case.running)
    @rule()
    def die(self) -> None:
        run = self.story.case.running.key
        assert isinstance(self.tell(e.StepDied(at=self.story.now, by="tend", run=run, reason="killed")), Case)

    @rule(minutes=st.sampled_from([1, 30, 90, 1440, 3 * 1440]))
    def time_passes(self, minutes: int) -> None:
        self.story.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.story.case.plan)
    @rule(plan=st.sampled_from([*PLANS, s.WORSE_PLAN]))
    def the_system_changes(self, plan: Plan) -> None:
        self.story.found = plan

    @invariant()
    def there_is_always_something_next(self) -> None:
        if not hasattr(self, "story"):
            return
        found = next_step(self.story.case, self.story.now)
        assert isinstance(found, Due | Wait | NeedsPerson) and str(found)
        if isinstance(found, NeedsPerson | Wait) and found.until is not None:
            assert isinstance(next_step(self.story.case, found.until + timedelta(seconds=1)), Due | Wait | NeedsPerson)

    @invariant()
    def it_is_kept_as_it_is(self) -> None:
        if hasattr(self, "story"):
            assert Case.model_validate_json(self.story.case.model_dump_json()) == self.story.case


AnyOrder.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck),
)
TestAnyOrder = AnyOrder.TestCase


Point = tuple[Case, datetime, Books]


def _journeys() -> Iterator[Point]:
    """Good journeys of both environments, at each of their events: where the search begins."""
    for environment in Environment:
        for found in PLANS:
            story, books = Story(environment, found), Books()
            while story.case.state is not S.CLOSED:
                before = len(story.told)
                yield story.case, story.now, books.copy()
                story.step()
                case = story.replayed(before)
                for event in story.told[before:]:
                    after = apply(case, event)
                    assert isinstance(after, Case)
                    books.note(case, after, event)
                    case = after
                    yield case, event.at, books.copy()


def _moments(case: Case, until: datetime | None) -> Iterator[datetime]:
    """The instants at which time alone may move a case."""
    windows = [case.window] if case.window else list(case.slots[-1:])
    yield from ([until] if until else [])
    yield from (moment for window in windows for moment in (window.starts_at, window.latest_start))


def _mark(case: Case, now: datetime) -> tuple[object, ...]:
    """What of a case decides its moves, so that a search need not visit its like twice."""
    launch, trouble, window = case.launch, case.trouble, case.window
    return (
        case.state, case.environment, trouble and trouble.resume, case.running and case.running.step,
        bool(case.stop_asked), launch and (launch.launched_at is not None, launch.end), case.backup is not None,
        case.attested is not None, case.tests and case.tests.passed, case.watched, bool(case.retained),
        case.agreed, case.plan and case.plan.digest, todo(case), bool(case.carried_out), min(case.deaths, 3),
        window and (now < window.starts_at, now > window.latest_start), case.not_before is not None,
        case.window_opened, all(now > slot.latest_start for slot in case.slots),
        any(now >= backup.keep_until for backup in case.retained),
    )


def test_every_move_that_is_declared_happens_and_none_that_is_not():
    """A search over everything that could be reported finds the table's edges, all of them and no others."""
    table = {
        (event.model_fields["kind"].default, source, target)
        for event, move in MOVES.items() for source, targets in move.edges.items() for target in targets
    }
    found: set[tuple[str, State, State]] = set()
    seen: set[tuple[object, ...]] = set()
    queue = deque(_journeys())
    while queue and (len(seen) < 8000 or (table - found and len(seen) < 40_000)):
        case, now, books = queue.popleft()
        due = next_step(case, now)
        starts = [e.StepStarted(at=now, by="tend", step=due.step, plan_revision=due.plan_revision,
                                attempt=due.attempt)] if isinstance(due, Due) else []
        late = overdue(case, now)
        runs = [case.running.key] if case.running else []
        for event in [*starts, *([late] if late else []), *possible(case, now, runs)]:
            after = apply(case, event)
            if isinstance(after, Refused):
                continue
            assert declared(case, after, event), (event.kind, case.state, after.state)
            if not case.stop_asked:
                found.add((event.kind, case.state, after.state))
            after_books = books.copy()
            after_books.note(case, after, event)
            _visit(after, now, after_books, seen, queue)
        for moment in _moments(case, getattr(due, "until", None)):
            if moment > now:
                _visit(case, moment + timedelta(seconds=1), books, seen, queue)
    never = sorted(f"{kind}: {source} -> {target}" for kind, source, target in table - found)
    assert never == []


def _visit(case: Case, now: datetime, books: Books, seen: set[tuple[object, ...]], queue: deque[Point]) -> None:
    mark = _mark(case, now)
    if mark not in seen:
        seen.add(mark)
        queue.append((case, now, books))
