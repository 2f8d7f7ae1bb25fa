"""From what was found on a system to the state of its upgrade. Never a guess: a lock counts, a process number does not.

In this order: an exit code ends it; who works holds a lock; what began, has no exit code and holds no lock has died.
After the kill of a whole system it boots and serves as if nothing had happened: only its fence and journal tell.
"""
from __future__ import annotations

from tasks.model.upgrade import Died, Evidence, Exited, NotStarted, Running, Schema, Untold, UpgradeState


def judge_status(seen: Evidence) -> UpgradeState:
    if seen.gap:
        return Untold(reason=seen.gap)
    busy = seen.platform_lock is True or seen.schema_state is Schema.ALTERING
    if not seen.started:
        return NotStarted(fenced=seen.fence is not None, platform_busy=busy)
    if seen.exit_code is not None:
        return Exited(code=seen.exit_code, stage=seen.stage)
    if seen.runner_lock is None:
        return Untold(reason="whether its runner still holds its lock could not be told")
    if seen.runner_lock or seen.session_alive or busy:
        return Running(
            stage=seen.stage, since_s=seen.stage_s, heartbeat_age_s=seen.heartbeat_age_s,
            runner_gone=not seen.runner_lock,
        )
    if seen.session_alive is None:
        return Untold(reason="whether a process of the upgrade still lives could not be told")
    if seen.platform_exit is not None:          # its runner was killed, and it came to its end alone
        return Exited(code=seen.platform_exit, stage=seen.stage)
    return Died(stage=seen.stage)
