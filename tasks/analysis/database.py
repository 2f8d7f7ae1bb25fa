"""The database in figures: how full a counter is, what a table wastes, where the server's folders really lie."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from tasks.model.database_facts import CdrSchema, DatabaseSettings
from tasks.model.facts import Mount, Mounts, Table, Tables
from tasks.model.profile import Profile

# Largest values of the integer types, signed (MySQL manual, "Integer Types").
_SIGNED_BITS = {"tinyint": 7, "smallint": 15, "mediumint": 23, "int": 31, "integer": 31, "bigint": 63}


@dataclass(frozen=True, slots=True)
class Counter:
    """The CDR table's AUTO_INCREMENT: its next value, and the largest that its type holds."""

    column: str
    type: str
    next_value: int
    largest: int

    @property
    def used_fraction(self) -> float:
        return (self.next_value - 1) / self.largest


def cdr_counter(schema: CdrSchema, tables: Tables, profile: Profile) -> Counter | None:
    """None where the table has no counter, or one of a type that is not known."""
    column = next((column for column in schema.columns if column.auto_increment), None)
    table = tables.get(profile.database.cdr_table)
    if column is None or table is None or table.next_id is None:
        return None
    base, _, rest = column.type.lower().partition("(")
    bits = _SIGNED_BITS.get(base.split()[0] if base.split() else "")
    if bits is None:
        return None
    unsigned = "unsigned" in base + rest
    return Counter(column.name, column.type, table.next_id, 2 ** (bits + unsigned) - 1)


def is_own(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name of the database is one of ``patterns``, without regard to case."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def used_bytes(table: Table) -> int:
    """What a table's rows and indexes take. MyISAM and Aria count their holes as data, InnoDB beside it."""
    holes = 0 if table.engine == "InnoDB" else min(table.free_bytes, table.data_bytes)
    return table.size_bytes - holes


def without_holes(table: Table) -> Table:
    """The table as a rebuild writes it: the room of deleted rows, and of their index entries, is left behind.

    How much of an index is free is told nowhere; it is taken to be as much as of the rows.
    """
    if table.engine == "InnoDB" or not table.data_bytes:
        return table
    used = 1 - min(table.free_bytes, table.data_bytes) / table.data_bytes
    return replace(table, data_bytes=round(table.data_bytes * used), index_bytes=round(table.index_bytes * used),
                   free_bytes=0)


def fragmented(table: Table, profile: Profile) -> bool:
    """Whether much of a table's file is free within."""
    health = profile.database_health
    whole = used_bytes(table) + table.free_bytes
    enough = table.free_bytes >= health.fragmented_bytes
    return enough and table.free_bytes / whole >= health.fragmented_fraction


def outer_path(path: str, settings: DatabaseSettings, profile: Profile) -> str:
    """A folder of the server as the outer system names it: inside the tree, where the server runs in that chroot."""
    datadir, known, tree = settings.datadir.rstrip("/"), profile.paths.database_files, profile.paths.tree
    chrooted = datadir != known and f"{tree}{datadir}" == known
    return f"{tree}{path}" if chrooted else path


@dataclass(frozen=True, slots=True)
class SortRoom:
    """A temporary folder of the server on a mount of its own, and what rebuilding the CDR's indexes writes there."""

    path: str
    mount: Mount | None
    needed_bytes: int


def sort_rooms(tables: Tables, mounts: Mounts, settings: DatabaseSettings, profile: Profile) -> tuple[SortRoom, ...]:
    """An ALTER sorts index entries in tmpdir (MariaDB manual: myisam_max_sort_file_size, innodb_tmpdir).

    Folders on the mount of the database files are left out: the space there is counted as a whole.
    """
    cdr = tables.get(profile.database.cdr_table)
    needed = math.ceil((cdr.index_bytes if cdr else 0) * profile.space.rebuild_factor)
    files, rooms = mounts.holding(profile.paths.database_files), []
    for path in (outer_path(tmpdir, settings, profile) for tmpdir in settings.tmpdirs):
        mount = _mount_of(path, mounts)
        if needed and (mount is None or mount != files):
            rooms.append(SortRoom(path, mount, needed))
    return tuple(rooms)


def _mount_of(path: str, mounts: Mounts) -> Mount | None:
    """By its text: the server's folders are not among the places that were asked."""
    return Mounts(mounts.mounts).holding(path)
