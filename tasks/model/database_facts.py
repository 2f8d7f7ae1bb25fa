"""The types of the facts about the database, beyond its tables. No cell of a client's table is in any of them."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class CdrDaily:
    """Calls of each whole day before ``until``, oldest first, in the database server's zone.

    ``calls`` is shorter than 90 where a busy system's days are too big to count all of them.
    """

    until: date
    calls: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.calls)

    def by_day(self) -> tuple[tuple[date, int], ...]:
        first = self.until - timedelta(days=len(self.calls))
        return tuple((first + timedelta(days=number), calls) for number, calls in enumerate(self.calls))


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Server variables that an upgrade meets. Folders are the server's own: inside a chroot, where it runs in one."""

    comment: str                    # @@version_comment, e.g. "Debian 12" or "MySQL Community Server (GPL)"
    sql_mode: frozenset[str]
    read_only: bool
    file_per_table: bool            # innodb_file_per_table
    buffer_pool_bytes: int
    max_connections: int
    datadir: str
    tmpdirs: tuple[str, ...]        # @@tmpdir may name several, used in turn (MariaDB manual)
    character_set: str
    collation: str
    event_scheduler: bool


@dataclass(frozen=True, slots=True)
class RunningStatement:
    """A statement of another session. Its text is never read: it may hold data of the client's."""

    command: str                    # of the process list: Query, Execute
    state: str                      # e.g. "copy to tmp table", "Waiting for table metadata lock"
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class RunningStatements:
    """Those that have run longer than the profile's database_health.long_statement_s."""

    statements: tuple[RunningStatement, ...]


@dataclass(frozen=True, slots=True)
class ReplicaChannel:
    """One source from which this server replicates. Error texts are not read: they repeat statements."""

    name: str                       # "" for the default channel
    io_running: bool
    sql_running: bool
    lag_s: int | None               # None while it is not known, as when a thread stands
    error: int                      # the server's error number of the last stop, 0 for none


@dataclass(frozen=True, slots=True)
class Replication:
    """The sources of this server; empty where it is no replica."""

    channels: tuple[ReplicaChannel, ...]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str                       # e.g. int(10) unsigned
    auto_increment: bool
    generated: bool


@dataclass(frozen=True, slots=True)
class Index:
    name: str
    columns: tuple[str, ...]
    unique: bool
    usable: bool                    # false while ALTER TABLE … DISABLE KEYS holds


@dataclass(frozen=True, slots=True)
class CdrSchema:
    """The CDR table's columns and indexes as they are defined."""

    columns: tuple[Column, ...]
    indexes: tuple[Index, ...]
    partitions: int                 # 0 for a table that is not partitioned


class ObjectKind(StrEnum):
    TRIGGER = "trigger"
    EVENT = "event"
    ROUTINE = "routine"
    VIEW = "view"
    FOREIGN_KEY = "foreign_key"
    GENERATED_COLUMN = "generated_column"


@dataclass(frozen=True, slots=True)
class DatabaseObject:
    kind: ObjectKind
    name: str
    table: str                      # the table it hangs on; "" for one that stands by itself


@dataclass(frozen=True, slots=True)
class DatabaseObjects:
    """What the PBXware schema holds besides plain tables."""

    objects: tuple[DatabaseObject, ...]
