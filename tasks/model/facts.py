"""The types of the facts. Units stand in the names; what a system does not have is None or empty, never a guess."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from tasks.model.release import Release


class Edition(StrEnum):
    """PBXware editions (vendor's documentation)."""

    BUSINESS = "business"
    CALL_CENTER = "call_center"
    MULTI_TENANT = "multi_tenant"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which machine answered. A clone shares the machine id: the VPS id of SERVERware tells the two apart."""

    machine_id: str
    hostname: str
    os_name: str            # PRETTY_NAME of os-release, or the kernel's name
    kernel: str
    uptime_s: float
    clock: datetime         # the system's own clock, with its zone's offset, when it answered


@dataclass(frozen=True, slots=True)
class Platform:
    """The installed PBXware. The edition is None where the system does not tell it on a shell."""

    release: Release
    edition: Edition | None


@dataclass(frozen=True, slots=True)
class Mount:
    path: str
    device: str
    size_bytes: int
    used_bytes: int
    free_bytes: int                 # what an unprivileged writer still gets (df's "available")
    inodes: int | None              # None where the file system has no fixed number (btrfs)
    inodes_free: int | None
    read_only: bool | None = None   # None where it was not asked (recordings of before)
    errors: int = 0                 # that ext4 has noted since it was last checked; 0 where it does not say

    @property
    def used_fraction(self) -> float:
        writable = self.used_bytes + self.free_bytes
        return self.used_bytes / writable if writable else 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path of the profile really lies, links followed; a path yet to be made where its nearest parent does."""

    path: str
    mount: Mount | None
    why_not: str = ""               # where the system could not tell the mount


@dataclass(frozen=True, slots=True)
class Mounts:
    """``places`` is None in a recording of before they were asked."""

    mounts: tuple[Mount, ...]
    places: tuple[Place, ...] | None = None

    def holding(self, path: str) -> Mount | None:
        """The mount that a file at ``path`` lies on; None where the system did not tell it.

        Of a recording without places, the longest mount point that leads to it by its text.
        """
        if self.places is not None:
            return next((place.mount for place in self.places if place.path == path), None)
        leading = [m for m in self.mounts if m.path == "/" or path == m.path or path.startswith(m.path + "/")]
        return max(leading, key=lambda m: len(m.path), default=None)

    def why_not(self, path: str) -> str:
        """Why no mount is told that holds ``path``, in words."""
        told = next((place for place in self.places or () if place.path == path), None)
        why = told.why_not if told else "" if self.places is None else "the system was not asked where it lies"
        return f"no mount holds {path}" + (f": {why}" if why else "")


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    engine: str | None              # None for a view, or a table that the server cannot open
    rows: int                       # the server's estimate for InnoDB, exact for MyISAM and Aria
    data_bytes: int
    index_bytes: int
    free_bytes: int
    comment: str = ""               # for a table that cannot be opened, the server's error
    row_format: str = ""            # e.g. Dynamic, Compact; "" in a recording of before it was asked, as below
    collation: str = ""
    partitioned: bool = False
    next_id: int | None = None      # the next AUTO_INCREMENT; None for a table without

    @property
    def size_bytes(self) -> int:
        return self.data_bytes + self.index_bytes


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of the PBXware schema, and where the server keeps them."""

    schema: str
    tables: tuple[Table, ...]

    def get(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    version: str                    # as the server writes it, e.g. 10.11.6-MariaDB
    datadir: str
    utc_offset: timedelta           # of the server's session clock, in which calldate is written
    clock: datetime


@dataclass(frozen=True, slots=True)
class CdrColumns:
    columns: tuple[str, ...]
    leading_index_columns: tuple[str, ...]      # the first column of each index: those that a range can use

    @property
    def calldate_indexed(self) -> bool:
        return "calldate" in self.leading_index_columns


@dataclass(frozen=True, slots=True)
class CdrSpan:
    """First and last call, naive, in the database server's zone; None where the table is empty."""

    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class CdrRhythm:
    """Calls in the last 56 days by weekday (0 = Monday) and hour, in the database server's zone."""

    days: int
    calls: tuple[tuple[int, ...], ...]          # 7 rows of 24

    @property
    def total(self) -> int:
        return sum(map(sum, self.calls))


@dataclass(frozen=True, slots=True)
class AsteriskVersion:
    major: int
    text: str                                   # e.g. 16.28.0~dfsg-0+deb11u4


class SipDriver(StrEnum):
    CHAN_SIP = "chan_sip"
    PJSIP = "chan_pjsip"


@dataclass(frozen=True, slots=True)
class SipDrivers:
    """The SIP drivers that Asterisk has loaded, and how many peers (chan_sip) or endpoints (PJSIP) each has."""

    loaded: frozenset[SipDriver]
    chan_sip_peers: int
    pjsip_endpoints: int


@dataclass(frozen=True, slots=True)
class Module:
    name: str                                   # file name, e.g. codec_g729.so
    build_sum: str | None                       # 32 hex digits compiled in, or None where there is none
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Modules:
    """The shared objects in Asterisk's module folder, and the build sum that most of them (Asterisk's own) carry."""

    modules: tuple[Module, ...]
    build_sum: str | None


class CustomKind(StrEnum):
    PLAIN_PHP = "plain_php"
    SCRIPT = "script"
    CRON = "cron"                               # what a cron entry calls
    STYLESHEET = "stylesheet"                   # or a logo
    AGI = "agi"                                 # plain among the vendor's, which are encoded
    BOOT = "boot"                               # started with the outer system: rc.local, units, firewall rules
    INCLUDE = "include"                         # Asterisk configuration of the site's own
    SOUNDS = "sounds"                           # a folder of sounds younger than the release


@dataclass(frozen=True, slots=True)
class CustomFile:
    path: str
    kind: CustomKind
    changed_on: date | None = None
    executable: bool | None = None
    owner_uid: int | None = None
    size_bytes: int | None = None
    digest: str | None = None                   # SHA-256, of the files that are small enough to be read
    uses: tuple[str, ...] = ()                  # of the platform: database, or a word that releases drop
    run: bool = False                           # by cron itself, so that it has to be executable
    count: int = 1                              # files in it, where it is a folder


@dataclass(frozen=True, slots=True)
class CustomFiles:
    files: tuple[CustomFile, ...]
    cut: tuple[CustomKind, ...] = ()            # kinds of which there are more than were listed
    gone: tuple[str, ...] = ()                  # what cron entries run and is not there


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What pbxware.ini says, without its credentials."""

    values: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        return dict(self.values).get(name)


@dataclass(frozen=True, slots=True)
class Dialplan:
    """Which applications and channel technologies the site's own dialplan files use, with file and line."""

    uses: tuple[tuple[str, str], ...]           # (application or technology, "file:line")


@dataclass(frozen=True, slots=True)
class ConfigurationErrors:
    """What Asterisk says of its own configuration at its last start: ERROR lines of the log, repeated ones once."""

    lines: tuple[str, ...]
    log_readable: bool


@dataclass(frozen=True, slots=True)
class EvaluatedAt:
    """The moment at which facts are judged, so that judging again gives the same findings."""

    moment: datetime
