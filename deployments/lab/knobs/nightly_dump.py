"""Cron dumps the database at half past two in the night."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    (rootfs / "etc/cron.d/dump").write_text("30 2 * * * root mariadb-dump --all-databases | gzip >/dev/null\n")


KNOB = Knob(found_by="jobs_in_the_night", on_disk=on_disk)
