"""A program that cron runs has lost its execute bit: it does nothing, and nobody is told.

Seen after restores and copies of other PBX systems; a firewall script that does not run leaves the system open.
Remedy: look at what it is for, and give the execute bit back (`chmod +x`) where it is still wanted.
Client: A scheduled task on your phone system cannot run as it is. We would like to repair it before the upgrade.
Otherwise: That task goes on doing nothing, unnoticed.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.facts import CustomFiles
from tasks.model.finding import Kind, Problem, Remediation, Severity

ALLOW = Remediation(
    id="restore_execute_bit", kind=Kind.ENGINEER, text="give the execute bit back where it is wanted", reversible=True
)


@check(severity=Severity.LOW, blocking=False)
def custom_not_executable(custom: CustomFiles) -> Iterator[Problem]:
    for file in custom.files:
        if file.run and file.executable is False:
            yield Problem(subject=file.path, summary=f"cron runs {file.path}, which is not executable",
                          remediations=(ALLOW,))
