"""A file system that is read only fails the upgrade at its first write; one with errors may lose what was written.

Remedy: find out why (Linux remounts after errors: look at dmesg), repair it with fsck, replace a failing disk.
Client: A disk of your phone system does not work as it should. It must be looked at before the upgrade.
Otherwise: Nothing can be stored on that disk, so the upgrade cannot be made, and data may be lost.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import Yielded, check
from tasks.model.facts import Mounts
from tasks.model.finding import CannotTell, Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

REPAIR = Remediation(id="repair_disk", kind=Kind.ENGINEER, text="repair the file system or its disk", reversible=False)


@check(severity=Severity.HIGH, blocking=True)
def read_only_mount(mounts: Mounts, profile: Profile) -> Iterator[Yielded]:
    paths = profile.paths
    written = (paths.root, paths.tree, paths.database_files, paths.backup)
    for mount in dict.fromkeys(mounts.holding(path) for path in written):
        if mount is None or mount.read_only is None:
            where = mount.path if mount else "mounts"
            yield CannotTell(subject=where, summary="it was not told whether it can be written to")
        elif mount.read_only:
            yield Problem(subject=mount.path, summary=f"{mount.path} is mounted read only", remediations=(REPAIR,))
        elif mount.errors:
            noted = Quantity(value=mount.errors, unit="errors")
            yield Problem(subject=mount.path, summary=f"{mount.path} has noted {noted} since its last check",
                          measured=noted, remediations=(REPAIR,))
