"""An ALTER sorts the table's indexes in the server's temporary folder: one that is too small ends it half way.

A small tmpfs as tmpdir is the usual case. A folder on the disk of the database files is counted there.
Remedy: point tmpdir to a disk with room and restart the database, or enlarge the file system.
Client: The temporary folder of your phone system's database is too small for the upgrade. We need to move it.
Otherwise: The upgrade would stop half way for lack of space, so we cannot make it.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.database import sort_rooms
from tasks.model.check import Yielded, check
from tasks.model.database_facts import DatabaseSettings
from tasks.model.facts import Mounts, Tables
from tasks.model.finding import CannotTell, Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

MOVE = Remediation(id="move_tmpdir", kind=Kind.ENGINEER, text="point tmpdir to a disk with room, restart the database",
                   reversible=True, downtime_s=60)


@check(severity=Severity.HIGH, blocking=True)
def tmpdir_space(
    tables: Tables, mounts: Mounts, settings: DatabaseSettings, profile: Profile
) -> Iterator[Yielded]:
    for room in sort_rooms(tables, mounts, settings, profile):
        if room.mount is None:
            yield CannotTell(subject=room.path, summary=f"no mount holds {room.path}, the database's temporary folder")
        elif room.mount.free_bytes < room.needed_bytes:
            free, needed = (Quantity(value=size, unit="bytes") for size in (room.mount.free_bytes, room.needed_bytes))
            summary = f"{room.path} has {free} free and needs {needed} for sorting the CDR table's indexes"
            yield Problem(subject=room.path, summary=summary, measured=free, threshold=needed, remediations=(MOVE,))
