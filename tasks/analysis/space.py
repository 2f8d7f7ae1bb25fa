"""What an upgrade needs of each mount, in bytes and inodes, against what is free there.

The unpacked release lies beside the running one while the CDR table is rebuilt, so needs on one mount add up. A
rebuild needs about the table's size again (MySQL manual, "Online DDL Space Requirements"); whether the server copies
the table (MyISAM, Aria) or rebuilds it in place (InnoDB), the new table is written beside the old one. Calls go on
being written between the inspection and the upgrade, so the table is taken as it will be then.
"""
from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from tasks.analysis.cdr import Growth
from tasks.analysis.database import without_holes
from tasks.analysis.forecast import grown
from tasks.model.facts import Mount, Mounts, Table, Tables
from tasks.model.finding import Quantity
from tasks.model.fleet import Environment
from tasks.model.profile import Profile


class Purpose(StrEnum):
    """What the room is for, as an engineer reads it."""

    RELEASE = "the unpacked release"
    REBUILD = "rebuilding the CDR table"
    GROWTH = "the calls until the upgrade"
    BACKUP = "a backup of the database"
    RESERVE = "the running system's reserve"


@dataclass(frozen=True, slots=True)
class Need:
    purpose: Purpose
    path: str                   # where it is written
    size_bytes: int
    inodes: int = 0


@dataclass(frozen=True, slots=True)
class Shortage:
    free: Quantity
    needed: Quantity


@dataclass(frozen=True, slots=True)
class MountNeed:
    """All that an upgrade needs of one mount, its reserve included."""

    mount: Mount
    needs: tuple[Need, ...]

    @property
    def needed_bytes(self) -> int:
        return sum(need.size_bytes for need in self.needs)

    @property
    def needed_inodes(self) -> int:
        return sum(need.inodes for need in self.needs)

    def shortages(self) -> tuple[Shortage, ...]:
        """What is short, if anything: bytes, and inodes where the file system has a fixed number of them."""
        found = [("bytes", self.mount.free_bytes, self.needed_bytes)]
        if self.mount.inodes_free is not None:
            found.append(("inodes", self.mount.inodes_free, self.needed_inodes))
        return tuple(
            Shortage(Quantity(value=free, unit=unit), Quantity(value=needed, unit=unit))
            for unit, free, needed in found
            if free < needed
        )


class NoMount(ValueError):
    """No mount was told that would hold a path; the message names the path."""


def rebuild_bytes(table: Table, profile: Profile) -> int:
    """Free bytes that an ALTER of ``table`` takes while it runs."""
    return math.ceil(without_holes(table).size_bytes * profile.space.rebuild_factor)


def needs_of_upgrade(
    tables: Tables, profile: Profile, environment: Environment, rate: Growth | None = None
) -> tuple[Need, ...]:
    """What an upgrade writes, and where. A SERVERware system is cloned by its host and needs no room for a backup.

    ``rate`` is what the CDR table grows by until the upgrade (``space.growth_days`` of the profile); None counts it as
    it is. A CDR table that is not there adds nothing: the check of its size says so.
    """
    paths, space = profile.paths, profile.space
    needs = [Need(Purpose.RELEASE, paths.root, space.release_bytes, space.inodes)]
    growth_bytes = 0
    if cdr := tables.get(profile.database.cdr_table):
        then = grown(cdr, rate, space.growth_days) if rate else cdr
        growth_bytes = then.size_bytes - cdr.size_bytes
        needs.append(Need(Purpose.REBUILD, paths.database_files, rebuild_bytes(then, profile)))
        needs.append(Need(Purpose.GROWTH, paths.database_files, growth_bytes))
    if environment is Environment.STANDALONE:
        database_bytes = sum(table.size_bytes for table in tables.tables) + growth_bytes
        needs.append(Need(Purpose.BACKUP, paths.backup, math.ceil(database_bytes * space.backup_factor)))
    return tuple(need for need in needs if need.size_bytes or need.inodes)


def needs_per_mount(mounts: Mounts, needs: tuple[Need, ...], profile: Profile) -> tuple[MountNeed, ...]:
    """The needs by the mount they fall on, with the mount's reserve, in the order of the mounts' paths.

    Raises NoMount where no mount holds a path.
    """
    by_mount: dict[Mount, list[Need]] = defaultdict(list)
    for need in needs:
        mount = mounts.holding(need.path)
        if mount is None:
            raise NoMount(mounts.why_not(need.path))
        by_mount[mount].append(need)
    fraction = profile.space.reserve_fraction
    for mount, written in by_mount.items():
        inodes = math.ceil((mount.inodes or 0) * fraction)
        written.append(Need(Purpose.RESERVE, mount.path, math.ceil(mount.size_bytes * fraction), inodes))
    return tuple(MountNeed(mount, tuple(by_mount[mount])) for mount in sorted(by_mount, key=lambda m: m.path))
