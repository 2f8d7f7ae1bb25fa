"""Updates wait for a reboot, as Debian's packages mark it."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    (rootfs / "run/reboot-required").write_text("*** System restart required ***\n")
    (rootfs / "run/reboot-required.pkgs").write_text("linux-image-6.1.0-31-amd64\nlibssl3\n")


KNOB = Knob(found_by="reboot_pending", on_disk=on_disk)
