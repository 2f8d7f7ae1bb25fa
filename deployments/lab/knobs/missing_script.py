"""A cron entry runs a script that is not there."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    (rootfs / "etc/cron.d/reports").write_text("0 12 * * * root /script/mail-report.sh\n")


KNOB = Knob(found_by="orphaned_cron", on_disk=on_disk)
