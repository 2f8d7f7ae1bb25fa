"""A cron entry runs a program that is not there: what it was for has already stopped, and is blamed on the upgrade.

Remedy: find out with the client whether the program is missed; bring it back, or take the entry out.
Client: A scheduled task on your phone system no longer works, because its program is missing. Please tell us
whether you still need it.
Otherwise: The task goes on failing, unnoticed.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.facts import CustomFiles
from tasks.model.finding import Kind, Problem, Remediation, Severity

CLEAR = Remediation(
    id="clear_cron_entry", kind=Kind.ENGINEER, text="bring the program back or take the entry out", reversible=True
)


@check(severity=Severity.LOW, blocking=False)
def orphaned_cron(custom: CustomFiles) -> Iterator[Problem]:
    for path in custom.gone:
        yield Problem(subject=path, summary=f"cron runs {path}, which is not there", remediations=(CLEAR,))
