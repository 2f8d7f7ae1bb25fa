"""The vendor supports certain upgrades in one step only; others have a procedure of their own.

Remedy: choose a target that the profile's hops allow from this release, or go there in two upgrades.
Client: Your phone system cannot be brought to the planned version in one step. We will propose another way.
Otherwise: The upgrade cannot be made in the way it was ordered.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.finding import Problem, Severity
from tasks.model.profile import Profile
from tasks.model.release import Hop


@check(severity=Severity.HIGH, blocking=True, version=2)
def supported_hop(hop: Hop, profile: Profile) -> Iterator[Problem]:
    if hop.source == hop.target:
        yield Problem(
            subject="already_there",
            summary=f"runs {hop.source} already; there is nothing to upgrade",
            client_text="Your phone system runs the planned version already; there is nothing to do.",
            severity=Severity.INFO,     # a finding all the same: a plan of yesterday does not cover it
            blocking=False,
        )
    elif hop.source > hop.target:
        yield Problem(
            subject="downgrade",
            summary=f"runs {hop.source}, which is newer than {hop.target}; an upgrade never goes back",
            client_text="Your phone system runs a newer version than the planned one.",
        )
    elif not profile.supports(hop) and (procedure := profile.procedure(hop)):
        yield Problem(subject="separate_procedure", summary=f"from {hop.source} to {hop.target}: {procedure}")
    elif not profile.supports(hop):
        summary = f"profile {profile.name} allows no upgrade from {hop.source} to {hop.target} in one step"
        yield Problem(subject="unsupported_hop", summary=summary)
