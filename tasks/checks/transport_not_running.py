"""A transport that is configured and does not run meets Asterisk for the first time when the upgrade starts it anew.

It was added without a reload, or could not be made; one TLS transport that fails breaks the others.
Remedy: start Asterisk anew off-hours and see that the transport comes up, or take it out of the configuration.
Client: A connection of your phone system is set up but was never started. We would like to try it before the upgrade.
Otherwise: The telephones that are to use it may stay silent when your phone system starts anew.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import Transports
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Problem, Remediation, Severity

TRY = Remediation(
    id="try_transport", kind=Kind.ENGINEER, text="start Asterisk anew off-hours and look at the transport",
    reversible=True, downtime_s=60,
)


@check(severity=Severity.MEDIUM, blocking=False)
def transport_not_running(transports: Transports) -> Iterator[Yielded]:
    running = {one.name for one in transports.running}
    for one in transports.configured:
        if one.name not in running:
            summary = f"transport {one.name} ({one.protocol}) is configured and does not run"
            yield Problem(subject=one.name, summary=summary, remediations=(TRY,))
