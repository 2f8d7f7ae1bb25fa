"""The database server is older than a release on the way needs, so that its changes to the schema fail.

What a release needs stands in the profile (releases: database).
Remedy: upgrade the database server first, with a backup of its own and mysql_upgrade or mariadb-upgrade after it.
Client: The database of your phone system is too old for the new version. It must be upgraded first.
Otherwise: The upgrade would fail, so it cannot be made.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import Yielded, check
from tasks.model.facts import DatabaseServer
from tasks.model.finding import CannotTell, Kind, Problem, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.profile_database import numbers
from tasks.model.release import Hop

UPGRADE = Remediation(
    id="upgrade_database", kind=Kind.ENGINEER, text="upgrade the database server first, after a backup of its own",
    reversible=False, downtime_s=1800,
)


@check(severity=Severity.HIGH, blocking=True)
def database_version(server: DatabaseServer, profile: Profile, hop: Hop) -> Iterator[Yielded]:
    running = numbers(server.version)
    for release in profile.entered(hop):
        kind, least = release.database.least(server.version) if release.database else ("", None)
        if least and not running:
            yield CannotTell(subject=kind, summary=f"{server.version!r} is no version that can be compared")
        elif least and running < numbers(least):
            summary = f"{server.version} runs; {release.version} needs {kind} {least} or newer"
            yield Problem(subject=kind, summary=summary, remediations=(UPGRADE,))
