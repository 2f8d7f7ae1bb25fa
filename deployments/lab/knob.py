"""What a knob of the lab is: one trait of a system, how it is put into a real appliance, and which check must find it.

The knobs themselves are the files of ``deployments/lab/knobs/``.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployments.lab.container import Container

if TYPE_CHECKING:
    from deployments.lab.record import Record
    from deployments.lab.spec import ApplianceSpec

ROOT_SQL = ("mariadb", "--no-defaults", "--batch", "--skip-column-names", "--unbuffered", "-uroot",
            "-S", "/run/mysqld/mysqld.sock")


@dataclass(frozen=True)
class Appliance:
    """A running appliance as a knob meets it: MariaDB and Asterisk run, the calls are in. ``record`` holds secrets."""

    box: Container
    record: Record
    spec: ApplianceSpec

    @property
    def rootfs(self) -> Path:
        """The outer system's root, seen from the machine."""
        return self.box.rootfs

    @property
    def tree(self) -> Path:
        """PBXware's own tree in it, Asterisk's chroot."""
        return self.rootfs / "opt/pbxware/pw"

    def shell(self, script: str, limit_s: float = 60.0) -> str:
        """Run a script in the outer system and give what it says; LabError when it fails."""
        return self.box.run("/bin/sh", "-c", script, limit_s=limit_s)

    def start(self, script: str) -> None:
        """Leave a script running there, until the container ends."""
        self.box.run("/bin/sh", "-c", 'setsid sh -c "$1" </dev/null >/dev/null 2>&1 &', "sh", script)

    def sql(self, statements: str) -> str:
        """Run statements as the database's root."""
        return self.box.run(*ROOT_SQL, stdin=statements)

    def asterisk(self, command: str) -> str:
        return self.box.run("/opt/pbxware/sh/asterisk", "-rx", command)


@dataclass(frozen=True)
class Knob:
    """One trait. ``name`` and ``what`` are its module's name and the first paragraph of the module's docstring.

    ``found_by`` is the one check that must find it, and no other may; None is a trap that must bring no check to say
    anything. ``spec`` are fields of ApplianceSpec that it
    sets, ``entry`` fields of the system's entry in the fleet file (``{"overrides": {…}}`` alters its profile).
    ``on_disk(rootfs, spec)`` is applied to the tree before the first boot, ``running(appliance)`` once MariaDB and
    Asterisk run, after every start that ``uplift lab up`` makes: so it must bear to be repeated.
    """

    found_by: str | None
    spec: Mapping[str, Any] = field(default_factory=dict)
    entry: Mapping[str, Any] = field(default_factory=dict)
    on_disk: Callable[[Path, ApplianceSpec], None] | None = None
    running: Callable[[Appliance], None] | None = None
    name: str = ""
    what: str = ""
