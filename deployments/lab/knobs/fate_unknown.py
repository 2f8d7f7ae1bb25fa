"""A script of the client's own, of which the profile does not say what becomes of it."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    script = rootfs / "script/copy.sh"
    script.parent.mkdir(exist_ok=True)
    script.write_text("#!/bin/sh\necho copied\n")
    script.chmod(0o755)


KNOB = Knob(found_by="custom_files", entry={"overrides": {"custom": {"fates": []}}}, on_disk=on_disk)
