"""On a system that is busy already the upgrade outlasts its window, and calls break up before it begins.

Remedy: find what keeps the system busy, and end it or move it before the upgrade.
Client: Your phone system is very busy. We look for the reason before the upgrade, so that it does not take longer.
Otherwise: The upgrade may take longer than we promised, and so does the silence of your telephones.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.occasion import WITH_THE_HOUR
from tasks.model.profile import Profile
from tasks.model.system_facts import Resources

EASE = Remediation(id="ease_load", kind=Kind.ENGINEER, text="find and end what keeps the system busy", reversible=True)


@check(severity=Severity.MEDIUM, blocking=False, only_told=WITH_THE_HOUR)
def high_load(resources: Resources, profile: Profile) -> Iterator[Problem]:
    most = profile.health.load_per_cpu * resources.cpus
    if min(resources.load_5_min, resources.load_15_min) > most:
        yield Problem(
            subject="load",
            summary=f"load {resources.load_15_min:g} over 15 minutes on {resources.cpus} processors",
            measured=Quantity(value=resources.load_15_min, unit="load"),
            threshold=Quantity(value=most, unit="load"),
            remediations=(EASE,),
        )
