"""Any events in any order, interrupted anywhere: what the lifecycle promises, held against a second bookkeeping."""
from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tasks.model import event as e
from tasks.model.case import Case, State, Step
from tasks.model.fleet import Environment
from tasks.model.plan import Plan
from tasks.rules.lifecycle import Due, NeedsPerson, Refused, Wait, apply, next_step, overdue
from tests.rules import story as s
from tests.rules.books import PLANS, Books, declared
from tests.rules.possible import possible
from tests.rules.story import Story

S = State


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
