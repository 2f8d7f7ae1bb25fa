"""A job that starts in the off-hours meets the upgrade: a dump holds tables, a clean-up deletes what is moved.

Remedy: choose an hour for the upgrade in which no heavy job starts, or suspend the job for that night.
Client: Some automatic jobs run at night. We will plan the upgrade around them.
Otherwise: If such a job runs during the upgrade, both may fail.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.host import jobs_of_the_night
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Notice, Problem, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.system_facts import CronJobs

SUSPEND = Remediation(
    id="suspend_job", kind=Kind.ENGINEER, text="suspend the job in the night of the upgrade", reversible=True
)


@check(severity=Severity.LOW, blocking=False)
def jobs_in_the_night(cron: CronJobs, profile: Profile) -> Iterator[Yielded]:
    light = []
    for job, heavy in jobs_of_the_night(cron.jobs, profile.health):
        if heavy:
            yield Problem(subject=job.command, summary=f"runs at {job.schedule!r} ({job.source})",
                          remediations=(SUSPEND,))
        else:
            light.append(job.command)
    if light:
        several = f"and {len(light) - 5} more " if len(light) > 5 else ""
        yield Notice(subject="cron", summary=f"{', '.join(light[:5])} {several}start in the off-hours")
