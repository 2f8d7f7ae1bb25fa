"""The database's temporary folder is a file system of its own, too small to sort the indexes of the CDR table."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    """A tmpfs of 2 MB, mounted by the system's init before it starts the database."""
    init, settings = rootfs / "usr/sbin/lab-init", rootfs / "etc/lab/mariadb.cnf"
    (rootfs / "sort").mkdir(exist_ok=True)
    first, _, rest = init.read_text().partition("\n")
    init.write_text(f"{first}\nmount -t tmpfs -o size=2m,mode=1777 sort /sort\n{rest}")
    settings.write_text(settings.read_text() + "tmpdir = /sort\n")


KNOB = Knob(found_by="tmpdir_space", on_disk=on_disk)
