"""A trunk that does not work before the upgrade cannot be shown to work after it, and is blamed on the upgrade.

A registration with the carrier that failed, or a trunk that does not answer Asterisk's OPTIONS.
Remedy: mend the trunk with the carrier, or take out one that is no longer used, before the upgrade.
Client: One of your lines to the telephone network is down. Please tell us whether you still use it.
Otherwise: No calls pass over that line, before the upgrade or after it.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import Reach, Registrations
from tasks.model.check import Yielded, check
from tasks.model.facts import SipDriver
from tasks.model.finding import Kind, Problem, Remediation, Severity

MEND = Remediation(id="mend_trunk", kind=Kind.CLIENT, text="mend the trunk or take it out", reversible=True)


@check(severity=Severity.MEDIUM, blocking=False)
def trunk_down(registrations: Registrations) -> Iterator[Yielded]:
    for one in registrations.outbound:
        if not one.registered:
            summary = f"the registration with {one.host} is {one.state.lower()} ({one.driver})"
            yield Problem(subject=f"to {one.host}", summary=summary, remediations=(MEND,))
    for trunk in registrations.trunks:
        # A PJSIP endpoint may be known by its address only and have no contact; a chan_sip peer without one is lost.
        nowhere = trunk.reach is Reach.ABSENT and trunk.driver is SipDriver.CHAN_SIP
        if trunk.reach is Reach.SILENT or nowhere:
            why = "has no address" if nowhere else "does not answer"
            yield Problem(subject=trunk.name, summary=f"trunk {trunk.name} {why}", remediations=(MEND,))
