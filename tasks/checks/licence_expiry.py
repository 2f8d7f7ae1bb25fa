"""With a licence that has expired the new release does not start its services, or takes no calls.

Remedy: have the licence renewed before the upgrade.
Client: The licence of your phone system has expired or is about to. Please renew it before the upgrade.
Otherwise: With an expired licence your phone system may stop working after the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tasks.model.check import Yielded, check
from tasks.model.facts import EvaluatedAt
from tasks.model.finding import CannotTell, Kind, Notice, Problem, Remediation, Severity
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.system_facts import Licence

RENEW = Remediation(id="renew_licence", kind=Kind.CLIENT, text="renew the licence", reversible=True)


@check(severity=Severity.HIGH, blocking=True)
def licence_expiry(licence: Licence, at: EvaluatedAt, system: System, profile: Profile) -> Iterator[Yielded]:
    today = at.moment.astimezone(system.zone).date()
    if not licence.told:
        yield Notice(subject="licence", summary="not told on a shell; look at it in the web admin")
    elif licence.expires_on is None:
        if not licence.perpetual:
            yield CannotTell(subject="licence", summary="the licence does not tell when it expires")
    elif licence.expires_on < today:
        yield Problem(subject="licence", summary=f"expired on {licence.expires_on}", remediations=(RENEW,))
    elif licence.expires_on < today + timedelta(days=profile.health.licence_days):
        yield Problem(subject="licence", summary=f"expires on {licence.expires_on}", severity=Severity.MEDIUM,
                      blocking=False, remediations=(RENEW,))
