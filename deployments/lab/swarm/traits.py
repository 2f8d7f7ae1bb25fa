"""What one system of the swarm is like. Drawn by draw.py, put into words by answers.py."""
from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from deployments.lab.swarm.names import Place
from tasks.model.facts import Edition, SipDriver


@dataclass(frozen=True, slots=True)
class MountTraits:
    """One file system as df shows it, in blocks of 1 KiB. ``inodes`` is 0 where there is no fixed number."""

    device: str
    path: str
    kib: int
    used_kib: int
    inodes: int
    inodes_used: int
    reserved: bool = True       # a twentieth is kept for root

    @property
    def free_kib(self) -> int:
        """What df calls available."""
        return max(0, self.kib - self.used_kib - (self.kib // 20 if self.reserved else 0))


@dataclass(frozen=True, slots=True)
class Traits:
    """One system. ``uptime_s`` is that of the moment at which the swarm started; the drivers share the extensions."""

    number: int
    client: str
    place: Place
    contact: str
    engineer: str
    hostname: str
    machine_id: str
    edition: Edition
    release: str
    build: str
    os_name: str
    kernel: str
    uptime_s: int
    mysql_host: str
    mysql_port: int
    database_draw: float                    # 0 to 1: which of the real databases plays its own
    domain_name: str | None
    drivers: tuple[SipDriver, ...]
    extensions: int
    mounts: tuple[MountTraits, ...]
    released_on_s: int                      # change time of the vendor's files, seconds since 1970
    foreign_module: bool
    custom_scripts: tuple[str, ...]         # paths, each run by cron
    plain_php: bool
    stylesheet: bool
    dialplan_uses: tuple[str, ...]          # as extensions_custom.conf.j2 takes them
    configuration_errors: tuple[str, ...]   # as in the log, after "ERROR[thread] "

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.place.timezone)

    @property
    def id(self) -> str:
        return f"swarm-{self.number:05d}"
