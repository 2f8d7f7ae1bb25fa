"""The client's own AGI script lies in a folder that the upgrade replaces, and does not carry over."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    script = rootfs / "opt/pbxware/pw/usr/share/asterisk/agi-bin/route.agi"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text("#!/bin/sh\necho 'SET VARIABLE ROUTE office'\n")
    script.chmod(0o755)


KNOB = Knob(found_by="custom_lost", on_disk=on_disk)
