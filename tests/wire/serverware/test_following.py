"""An action that was sent: when it is over, and whether it happened, told from a series of records and a clock."""
from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tasks.model.serverware import TaskEnd, TaskReport, Vps, VpsState
from tasks.wire.serverware.calls import Heard, Pace, steady
from tasks.wire.serverware.follow import Trace

SURE, LOST = Heard(True), Heard(False, "did not answer in time", answered=False)
IDLE = Vps(id="1", name="p", engine="lxc", state=VpsState.RUNNING, state_told="running")
OLD = TaskReport(id="old", action="restart", end=TaskEnd.DONE)


@dataclass
class Clock:
    """Time that passes only by sleeping."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def record(task: str | None = None, last: TaskReport | None = OLD, state: VpsState = VpsState.RUNNING) -> Vps:
    return IDLE.model_copy(update={"task": task, "last_task": last, "state": state, "state_told": state.value})


def done(action: str = "restart", end: TaskEnd | None = TaskEnd.DONE) -> TaskReport:
    return TaskReport(id="new", action=action, end=end)


@pytest.mark.parametrize(("heard", "task", "series", "looks", "happened", "end"), [
    (SURE, "restart", [record("restart", done(end=None)), record(None, done())], 2, True, TaskEnd.DONE),
    (SURE, "restart", [record(None, done(end=TaskEnd.FAILED))], 1, True, TaskEnd.FAILED),
    (SURE, "restart", [record(None, done(end=TaskEnd.INTERRUPTED))], 1, True, TaskEnd.INTERRUPTED),
    (SURE, "restart", [record()], 6, True, None),                           # accepted, and never shown: waits its time
    (LOST, "restart", [record()], 6, False, None),
    (LOST, "restart", [record(), record("restart"), record(None, done())], 3, True, TaskEnd.DONE),
    (LOST, "restart", [record("clone"), record(None, done("clone"))], 6, False, None),      # somebody else's task
    (LOST, None, [record("restart"), record(None, done())], 6, False, TaskEnd.DONE),        # a task of unknown name
    (LOST, "restart", [record("restart", None), record(None, None)], 6, True, None),        # no word on the end
])  # fmt: skip
async def test_an_action_is_followed_to_its_end(
    heard: Heard, task: str | None, series: list[Vps], looks: int, happened: bool, end: TaskEnd | None
) -> None:
    clock, seen = Clock(), []
    trace = Trace(record(), heard, task, None, clock, settle_s=5.0)

    async def look() -> Vps:
        seen.append(series[min(len(seen), len(series) - 1)])
        return seen[-1]

    after = await Pace(clock, clock.sleep).poll(look, trace.over, limit_s=60.0, wait=steady(1.0))
    assert len(seen) == looks
    assert trace.happened(after) is happened
    report = trace.report(after)
    assert (report.end if report else None) is end


def test_a_state_that_was_brought_about_tells_that_a_lost_stop_was_heard() -> None:
    for before, happened in ((VpsState.RUNNING, True), (VpsState.STOPPED, False)):
        trace = Trace(record(state=before), LOST, None, VpsState.STOPPED, Clock(), settle_s=5.0)
        assert trace.happened(record(state=VpsState.STOPPED)) is happened


async def test_a_wait_ends_in_its_time_and_gives_what_was_seen_last() -> None:
    clock, count = Clock(), iter(range(100))

    async def look() -> int:
        return next(count)

    pace = Pace(clock, clock.sleep)
    assert await pace.poll(look, lambda seen: False, limit_s=10.0, wait=steady(3.0)) == 3
    assert clock.slept == [3.0, 3.0, 3.0]
    assert await pace.poll(look, lambda seen: True, limit_s=0.0, wait=steady(3.0)) == 4
