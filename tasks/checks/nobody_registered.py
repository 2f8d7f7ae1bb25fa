"""Not one phone is registered though extensions are configured: nobody can tell afterwards what the upgrade broke.

Either the system is not in use, or its phones cannot reach it already.
Remedy: ask the client whether the system is in use; if so, find out why no phone registers, and sweep again.
Client: No phone is connected to your phone system at the moment. Please tell us whether you use it.
Otherwise: After the upgrade we cannot tell whether your telephones work as they did before.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import Reach, Registrations
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.occasion import WITH_THE_HOUR
from tasks.model.profile import Profile

ASK = Remediation(
    id="ask_whether_used", kind=Kind.CLIENT, text="say whether the phone system is in use", reversible=True
)


@check(severity=Severity.MEDIUM, blocking=False, only_told=WITH_THE_HOUR)
def nobody_registered(registrations: Registrations, profile: Profile) -> Iterator[Yielded]:
    extensions, least = registrations.extensions, profile.telephony.least_extensions
    if len(extensions) >= least and all(one.reach is Reach.ABSENT for one in extensions):
        configured = Quantity(value=len(extensions), unit="extensions")
        yield Problem(subject="extensions", summary=f"no phone is registered, {configured} configured",
                      measured=Quantity(value=0, unit="registered"), remediations=(ASK,))
