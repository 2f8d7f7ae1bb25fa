"""Without free memory the database or Asterisk is killed in the middle of the upgrade, when both work hardest.

Remedy: find what holds the memory (a leak goes with a restart), or give the system more.
Client: Your phone system has too little free memory for the upgrade. It may need a restart or more memory.
Otherwise: The upgrade may be broken off for lack of memory.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.system_facts import Resources

FREE = Remediation(id="free_memory", kind=Kind.ENGINEER, text="free memory, or give the system more", reversible=True)


@check(severity=Severity.MEDIUM, blocking=False)
def low_memory(resources: Resources, profile: Profile) -> Iterator[Problem]:
    available = resources.memory_available_bytes + resources.swap_free_bytes
    needed = round(resources.memory_bytes * profile.health.memory_available_fraction)
    if available < needed:
        measured, threshold = Quantity(value=available, unit="bytes"), Quantity(value=needed, unit="bytes")
        summary = f"{measured} of memory and swap are available, {threshold} are wanted"
        yield Problem(subject="memory", summary=summary, measured=measured, threshold=threshold, remediations=(FREE,))
