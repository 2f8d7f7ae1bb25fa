"""The database server calls itself MariaDB 10.1, which is older than the release on the way needs."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    """Only the version that it tells is old: no old server can be installed here."""
    settings = rootfs / "etc/lab/mariadb.cnf"
    settings.write_text(settings.read_text() + "version = 10.1.48-MariaDB\n")


KNOB = Knob(found_by="database_version", on_disk=on_disk)
