"""After the upgrade: tests, the days of watching, the way back, the end."""
from __future__ import annotations

from tasks.model.case import Case as C
from tasks.model.case import LaunchEnd, State, Step, Tests
from tasks.model.event import Closed, RevertDone, RevertRequested, TestsFailed, TestsPassed, WatchDone
from tasks.rules.moves.table import Refused, into, leads, move, phase, stays, troubled, without_window

S = State


@move(TestsPassed, leads(((S.TESTING, S.NEEDS_ENGINEER), S.WATCHING)), reports=[Step.VERIFY])
def tests_passed(case: C, event: TestsPassed) -> C | Refused:
    if phase(case) is not S.TESTING or case.launch is None or case.launch.end is not LaunchEnd.FINISHED:
        return Refused("no finished upgrade waits for tests", "follow the upgrade to its end first")
    if event.watch_until < event.at:
        return Refused("the watch would be over already", "choose a later end")
    tests = Tests(passed=True, by=event.by, at=event.at, summary=event.summary)
    return into(case, S.WATCHING, tests=tests, watch_until=event.watch_until, watched=False)


@move(TestsFailed, leads(((S.TESTING, S.WATCHING, S.NEEDS_ENGINEER), S.NEEDS_ENGINEER)), reports=[Step.VERIFY])
def tests_failed(case: C, event: TestsFailed) -> C | Refused:
    """While the case is watched too: what a client reports then has to be tested again."""
    if phase(case) not in (S.TESTING, S.WATCHING):
        return Refused("no finished upgrade waits for tests", "follow the upgrade to its end first")
    tests = Tests(passed=False, by=event.by, at=event.at, summary=event.summary)
    return troubled(case, f"the tests failed: {event.summary}",
                    "repair it and release the case to test again, or revert it", resume=S.TESTING, tests=tests)


@move(RevertRequested, leads(((S.TESTING, S.WATCHING, S.NEEDS_ENGINEER), S.REVERTING)))
def revert_requested(case: C, event: RevertRequested) -> C | Refused:
    if case.launch is None:
        return Refused("nothing was launched, so there is nothing to revert", "postpone or cancel the case")
    if case.launched_and_not_ended:
        return Refused("the upgrade may still be running, and a killed migration leaves half a schema",
                       "release the case to follow it, or record by name that it no longer runs")
    if case.backup is None:
        return Refused("there is no proven backup to go back to", "repair the system by hand")
    return into(case, S.REVERTING)


@move(RevertDone, leads((S.REVERTING, (S.REVERTED, S.NEEDS_ENGINEER))), reports=[Step.REVERT])
def revert_done(case: C, event: RevertDone) -> C | Refused:
    if event.release == case.target:
        return troubled(case, f"the restore ended and the system still runs {event.release}",
                        "find out what was restored, then release the case to try again")
    undone = {"launch": None, "tests": None, "watch_until": None, "watched": False, "running_release": event.release}
    return into(case, S.REVERTED, **without_window(case), **undone)


@move(WatchDone, stays([S.WATCHING]), reports=[Step.WATCH])
def watch_done(case: C, event: WatchDone) -> C | Refused:
    return case.model_copy(update={"watched": True})


@move(Closed, leads((S.WATCHING, S.CLOSED)))
def closed(case: C, event: Closed) -> C | Refused:
    if case.tests is None or not case.tests.passed:
        return Refused("the tests after the upgrade have not passed", "test first")
    if not case.watched and not event.early:
        return Refused(f"the system is watched until {case.watch_until:%Y-%m-%d %H:%M} UTC",
                       "wait, or give the reason for closing early")
    return into(case, S.CLOSED)
