"""The types of the facts about the system itself: its load, memory, kernel, time, certificates, jobs, licence."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class VisitedDuring:
    """When Uplift visited, by its own clock. Whatever a system says of the time was said between the two."""

    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Resources:
    """Load and memory as /proc shows them; in a container without lxcfs, those of its host."""

    load_5_min: float
    load_15_min: float
    cpus: int
    memory_bytes: int
    memory_available_bytes: int     # what programs can get without swapping (the kernel's MemAvailable)
    swap_bytes: int
    swap_free_bytes: int


@dataclass(frozen=True, slots=True)
class PendingReboot:
    """``flagged``: the distribution's own mark, with the packages that set it. Kernels are those with modules."""

    flagged: bool
    packages: tuple[str, ...]
    running_kernel: str
    installed_kernels: tuple[str, ...]
    contained: bool                 # a container runs its host's kernel, and installs none


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """``synchronised`` is None where no program on the system tells."""

    zone: str | None                # IANA name, or None where the system has none
    utc_offset: timedelta
    daemons: tuple[str, ...]        # programs that keep the clock, and run
    synchronised: bool | None
    contained: bool                 # a container has its host's clock


class FileState(StrEnum):
    FOUND = "found"
    MISSING = "missing"
    UNREADABLE = "unreadable"       # by the login, which may be right
    EMPTY = "empty"                 # it is there and holds no certificate (or key)


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A certificate or key that a program is told to use. Of a chain, the certificate is the first."""

    path: str                       # as the configuration has it: inside the chroot
    used_in: tuple[str, ...]        # "pjsip.conf:12"
    is_key: bool
    by_asterisk: bool
    state: FileState
    expires_at: datetime | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Certificates:
    files: tuple[CertificateFile, ...]


@dataclass(frozen=True, slots=True)
class CronJob:
    """``schedule`` as cron has it (five fields or @word); ``command`` is a path or a name, without arguments."""

    schedule: str
    command: str
    source: str                     # the crontab


@dataclass(frozen=True, slots=True)
class CronJobs:
    jobs: tuple[CronJob, ...]


@dataclass(frozen=True, slots=True)
class RunningWork:
    """What is under way of that which the profile names."""

    programs: tuple[str, ...]       # names of processes
    locks: tuple[str, ...]          # files that a process holds a lock on
    files: tuple[str, ...]          # files that are there as long as work goes on


@dataclass(frozen=True, slots=True)
class Licence:
    """``told`` is false where the system does not tell its licence on a shell."""

    told: bool
    expires_on: date | None = None  # None: not told, or never (``perpetual``)
    perpetual: bool = False
    channels: int | None = None
    extensions: int | None = None
