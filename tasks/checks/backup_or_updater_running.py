"""An upgrade that meets a running backup or package manager waits for its locks, or changes what is being copied.

Remedy: wait until it is done, or end it in its own way; then look again.
Client: A backup or update is running on your phone system. We wait until it is finished.
Otherwise: The upgrade would collide with that work, so we do not begin before it has ended.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.occasion import EARLIER
from tasks.model.profile import Profile
from tasks.model.system_facts import RunningWork

WAIT = Remediation(
    id="wait_for_work", kind=Kind.ENGINEER, text="wait until it is done", reversible=True, needs_approval=False
)


@check(severity=Severity.HIGH, blocking=True, only_told=EARLIER)
def backup_or_updater_running(work: RunningWork, profile: Profile) -> Iterator[Problem]:
    updaters = {name[:15] for name in profile.health.updaters}
    for name in work.programs:
        what = "a package manager" if name in updaters else "a backup"
        yield Problem(subject=name, summary=f"{what} is running: {name}", remediations=(WAIT,))
    for path in (*work.locks, *work.files):
        yield Problem(subject=path, summary=f"work is under way: {path} is held", remediations=(WAIT,))
