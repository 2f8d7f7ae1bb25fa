"""A script that cron runs has lost its execute bit."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    script = rootfs / "script/copy.sh"
    script.parent.mkdir(exist_ok=True)
    script.write_text("#!/bin/sh\necho copied\n")
    script.chmod(0o644)
    (rootfs / "etc/cron.d/copy").write_text("0 12 * * * root /script/copy.sh\n")


KNOB = Knob(found_by="custom_not_executable", on_disk=on_disk)
