"""A certificate that expires near the upgrade silences TLS phones then, and the upgrade is blamed for it.

Remedy: renew the certificate, put it where it is configured, and reload Asterisk or the web server.
Client: A security certificate of your phone system has expired or is about to. It needs to be renewed.
Otherwise: Telephones and browsers that check the certificate no longer connect once it has expired.
"""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tasks.model.check import check
from tasks.model.facts import EvaluatedAt
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.system_facts import Certificates

RENEW = Remediation(id="renew_certificate", kind=Kind.CLIENT, text="renew the certificate", reversible=True)


@check(severity=Severity.HIGH, blocking=False)
def certificate_expiry(certificates: Certificates, at: EvaluatedAt, profile: Profile) -> Iterator[Problem]:
    days = profile.health.certificate_days
    for file in certificates.files:
        if file.expires_at is None or file.expires_at >= at.moment + timedelta(days=days):
            continue
        gone = file.expires_at <= at.moment
        yield Problem(
            subject=file.path,
            summary=f"{file.subject or 'the certificate'} ({', '.join(file.used_in)}) "
                    f"{'expired' if gone else 'expires'} on {file.expires_at:%Y-%m-%d}",
            measured=Quantity(value=(file.expires_at - at.moment).days, unit="days"),
            threshold=Quantity(value=days, unit="days"),
            severity=Severity.HIGH if gone else Severity.MEDIUM,
            remediations=(RENEW,),
        )
