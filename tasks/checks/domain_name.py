"""From 6.7.3 a Multi-Tenant system must have a domain name (vendor's documentation).

Remedy: set the domain name in the Multi-Tenant settings before the upgrade, and point its DNS record at the system.
Client: The new version needs a domain name for your phone system. Please choose one, and we will help you to set it up.
Otherwise: The new version does not work without it, so the upgrade cannot be made.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.facts import Edition, SiteSettings
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.profile import Profile

SET = Remediation(
    id="set_domain_name", kind=Kind.CLIENT, text="choose a domain name and point it at the system", reversible=True
)


@check(
    demands="domain_name", editions=frozenset({Edition.MULTI_TENANT}), severity=Severity.HIGH, blocking=True
)
def domain_name(settings: SiteSettings, profile: Profile) -> Iterator[Problem]:
    key = profile.settings.domain_name_key
    if not (settings.get(key) or "").strip():
        yield Problem(subject="domain_name", summary=f"{key} is not set in pbxware.ini", remediations=(SET,))
