"""An upgrade that runs out of disk stops half way: the new release and a second copy of the CDR table need room.

Remedy: free the mount that is named (old recordings and backups first), or enlarge it.
Client: Your phone system has too little free disk space for the upgrade. Please have old recordings or files removed.
Otherwise: The upgrade would stop half way for lack of space, so we cannot make it.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.forecast import calls_growth
from tasks.analysis.room_makers import FREE, room_makers
from tasks.analysis.space import NoMount, needs_of_upgrade, needs_per_mount
from tasks.model.check import Yielded, check
from tasks.model.fact import Unknown
from tasks.model.facts import CdrRhythm, CdrSpan, Mounts, Tables
from tasks.model.finding import CannotTell, Problem, Severity
from tasks.model.fleet import System
from tasks.model.profile import Profile


@check(severity=Severity.HIGH, blocking=True, version=3)
def sufficient_space(
    mounts: Mounts, tables: Tables, span: CdrSpan | Unknown, rhythm: CdrRhythm | Unknown, site: System, profile: Profile
) -> Iterator[Yielded]:
    rate = calls_growth(cdr, span, rhythm) if (cdr := tables.get(profile.database.cdr_table)) else None
    try:
        needed = needs_per_mount(mounts, needs_of_upgrade(tables, profile, site.environment, rate), profile)
    except NoMount as error:
        yield CannotTell(subject="mounts", summary=str(error))
        return
    if cdr and cdr.engine and rate is None:
        yield CannotTell(subject="growth", summary=f"how {cdr.name} grows until the upgrade could not be told")
    for need in needed:
        for short in need.shortages():
            summary = f"{need.mount.path} has {short.free} free and needs {short.needed} for "
            summary += ", ".join(part.purpose for part in need.needs)
            yield Problem(subject=f"{need.mount.path} {short.needed.unit}", summary=summary, measured=short.free,
                          threshold=short.needed, remediations=(FREE, *room_makers(need.mount, mounts, profile)))
