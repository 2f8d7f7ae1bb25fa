"""The profile's sections on the system's own health: from where on something is told, and what to look for."""
from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from tasks.model.section import AbsolutePath, Section

ProcessName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.+-]{1,64}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_. -]{0,63}$")]


class Health(Section):
    clock_offset_s: float = Field(60.0, gt=0)           # beyond what the visit's own length explains
    load_per_cpu: float = Field(4.0, gt=0)              # over 15 minutes
    memory_available_fraction: float = Field(0.08, ge=0, lt=1)
    certificate_days: int = Field(30, ge=0)
    licence_days: int = Field(30, ge=0)
    off_hours_from: int = Field(22, ge=0, le=23)        # hours of the system's own clock
    off_hours_until: int = Field(6, ge=0, le=23)
    heavy_jobs: tuple[str, ...] = ("*backup*", "*dump*", "*snapshot*", "*rsync*", "*archive*", "*update*", "*upgrade*")
    web_configuration: tuple[AbsolutePath, ...] = (
        "/opt/pbxware/pw/etc/nginx", "/opt/httpd/conf", "/etc/nginx", "/etc/apache2", "/etc/httpd", "/etc/lighttpd",
    )
    backups: tuple[ProcessName, ...] = (
        "mysqldump", "mariadb-dump", "mysqlhotcopy", "mariabackup", "xtrabackup", "rsnapshot", "duplicity", "borg",
        "restic", "bacula-fd", "tar",
    )
    updaters: tuple[ProcessName, ...] = (
        "apt-get", "apt", "dpkg", "aptitude", "unattended-upgr", "yum", "dnf", "rpm", "emerge",
    )
    locks: tuple[AbsolutePath, ...] = (                 # work is under way while a process holds a lock on one
        "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock",
    )
    busy_files: tuple[AbsolutePath, ...] = ()           # work is under way while one of these exists


class LicenceSource(Section):
    """Where the licence is told on a shell: lines ``key = value`` of a file, or of what a command says."""

    file: AbsolutePath | None = None
    command: tuple[str, ...] = ()                       # words, never a shell line
    expires_key: Key = "expires"
    channels_key: Key = "channels"
    extensions_key: Key = "extensions"

    @model_validator(mode="after")
    def _one_source(self) -> LicenceSource:
        if bool(self.file) == bool(self.command):
            raise ValueError("licence: give either file or command")
        return self
