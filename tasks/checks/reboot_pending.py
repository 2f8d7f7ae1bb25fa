"""A system that waits for a reboot starts the new release on another kernel or library than it was tried on.

The reboot that the upgrade brings would be the first in months: what fails then looks like a fault of the upgrade.
Remedy: reboot the system in an off-hour before the upgrade, and see that phones register again.
Client: Your phone system needs a restart to finish earlier updates. We will agree on a time for it with you.
Otherwise: The restart happens together with the upgrade and makes it longer.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.host import newer_kernel
from tasks.model.check import check
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.system_facts import PendingReboot

REBOOT = Remediation(
    id="reboot", kind=Kind.ENGINEER, text="reboot the system in an off-hour", reversible=False, downtime_s=600
)


@check(severity=Severity.LOW, blocking=False)
def reboot_pending(reboot: PendingReboot) -> Iterator[Problem]:
    if reboot.flagged:
        packages = ", ".join(reboot.packages[:5]) or "a package that it does not name"
        yield Problem(subject="packages", summary=f"a reboot is required by {packages}", remediations=(REBOOT,))
    if newer := newer_kernel(reboot):
        summary = f"Linux {newer} is installed, {reboot.running_kernel} runs"
        yield Problem(subject="kernel", summary=summary, remediations=(REBOOT,))
