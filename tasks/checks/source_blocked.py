"""The address from which test calls come is blocked: after the upgrade nobody could test, and would blame the upgrade.

fail2ban's jails, or the list of sipPROT that the profile names, block it.
Remedy: take the address off the list, and put it on the list of those that are never blocked.
Client: The protection of your phone system blocks our test calls. We would like to allow our address.
Otherwise: We cannot test your telephones by a call after the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import BlockedSources
from tasks.model.check import Yielded, check
from tasks.model.finding import CannotTell, Kind, Problem, Remediation, Severity

ALLOW = Remediation(
    id="allow_test_source", kind=Kind.ENGINEER, text="take the address off the list of those blocked", reversible=True
)


@check(severity=Severity.MEDIUM, blocking=False)
def source_blocked(sources: BlockedSources) -> Iterator[Yielded]:
    if sources.lists and not sources.sources:
        yield CannotTell(subject="sources", summary="it is not known from which address test calls come")
    for address, name in sources.blocked:
        yield Problem(subject=address, summary=f"{address} is blocked by {name}", remediations=(ALLOW,))
