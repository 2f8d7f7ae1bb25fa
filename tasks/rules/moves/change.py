"""The upgrade itself. The client's system owns it; a case only records what was intended, seen and told.

The intention is written before the launch, under a fence that the system keeps. Who comes after a crash looks for that
fence and follows what it finds; nobody launches again.
"""
from __future__ import annotations

from typing import Any

from tasks.model.case import Case as C
from tasks.model.case import Guard, Launch, LaunchEnd, State, Step
from tasks.model.event import UpgradeFailed, UpgradeFinished, UpgradeLaunched, UpgradeLaunching, UpgradeRefused
from tasks.rules.moves.table import Refused, into, leads, move, stays, troubled
from tasks.rules.window import Standing, standing

S = State
UPGRADE = [Step.UPGRADE]


@move(UpgradeRefused, leads((S.UPGRADING, S.NEEDS_ENGINEER)), reports=UPGRADE)
def upgrade_refused(case: C, event: UpgradeRefused) -> C | Refused:
    """Nothing was launched by this run. An intention that was never carried out is withdrawn."""
    launched = case.launch and case.launch.launched_at
    resume, launch = (S.UPGRADING, case.launch) if launched else (S.BACKED_UP, None)
    return troubled(case, "the guards refuse: " + " ".join(event.refusals),
                    "deal with each of them and release the case", resume=resume, launch=launch)


@move(UpgradeLaunching, stays([S.UPGRADING]), reports=UPGRADE, ends_run=False)
def upgrade_launching(case: C, event: UpgradeLaunching) -> C | Refused:
    """The last look at what the case database knows; what only the system knows is the gate's to ask."""
    if case.launch:
        return Refused("this upgrade was launched before", f"look on the system for {case.launch.fence} and follow it")
    if case.stop_asked:
        return Refused(f"the case is to stop: {case.stop_asked}", "report that it was refused")
    if not case.agreed and not case.overridden(Guard.AGREEMENT):
        return Refused("the client's approval does not cover the plan", "ask the client again")
    if case.backup is None or case.backup.of != case.identity:
        return Refused("there is no proven backup of this machine", "take one first")
    state = case.window and standing(case.window, event.at, case.needed())
    if state is not Standing.OPEN and not case.overridden(Guard.WINDOW):
        return Refused(f"the window is {state or 'not agreed'}", "wait for it or agree on another")
    return case.model_copy(update={"launch": Launch(fence=event.fence, intended_at=event.at)})


@move(UpgradeLaunched, stays([S.UPGRADING]), reports=UPGRADE, ends_run=False)
def upgrade_launched(case: C, event: UpgradeLaunched) -> C | Refused:
    if case.launch is None or case.launch.fence != event.fence:
        return Refused("no launch under this fence was announced", "announce it before launching")
    return case if case.launch.launched_at else _launch(case, launched_at=event.at)


@move(UpgradeFinished, leads((S.UPGRADING, (S.TESTING, S.NEEDS_ENGINEER))), reports=UPGRADE)
def upgrade_finished(case: C, event: UpgradeFinished) -> C | Refused:
    if case.launch is None:
        return Refused("no launch was announced", "look on the system for what runs there")
    seen = {"running_release": event.release}
    if event.release != case.target:
        failed = _launch(case, ended_at=event.at, end=LaunchEnd.FAILED)
        return troubled(failed, f"the upgrade ended and the system runs {event.release}, not {case.target}",
                        "find out why; then revert, or repair and release the case", resume=S.UPGRADING, **seen)
    launched_at = case.launch.launched_at or event.at
    done = _launch(case, launched_at=launched_at, ended_at=event.at, end=LaunchEnd.FINISHED)
    return into(done, S.TESTING, **seen)


@move(UpgradeFailed, leads(((S.UPGRADING, S.NEEDS_ENGINEER), S.NEEDS_ENGINEER)), reports=UPGRADE)
def upgrade_failed(case: C, event: UpgradeFailed) -> C | Refused:
    """From its run, or from an engineer who has seen that it no longer runs and says so by name."""
    if not case.launched_and_not_ended:
        return Refused("no upgrade is under way", "look at the case's journal")
    failed = _launch(case, ended_at=event.at, end=LaunchEnd.FAILED)
    return troubled(failed, f"the upgrade failed at {event.stage}: {event.reason}",
                    "revert it with `uplift case revert`, or repair it on the system and release the case",
                    resume=S.UPGRADING)


def _launch(case: C, **changes: Any) -> C:
    assert case.launch is not None
    return case.model_copy(update={"launch": case.launch.model_copy(update=changes)})
