"""The lab's upgrader inside an appliance: its scripts, and what it takes from the new release's package."""
from __future__ import annotations

import shutil
from pathlib import Path

from deployments.lab import asterisk
from deployments.lab.base import GUEST
from deployments.lab.spec import Driver

RELEASE = "7.2.0.0 (9f3c1a7e)"              # of the package that base.py packs
_PROGRAMS = ("upgrade", "upgrade-convert", "upgrade-status")
_PARTS = ("upgrade-stages", "upgrade-faults", "upgrade-sip.awk")


def install(rootfs: Path) -> None:
    """Put the upgrader where an engineer would find it: /opt/pbxware/sh/upgrade."""
    scripts, package = rootfs / "opt/pbxware/sh", rootfs / "opt/pbxware/dl"
    for name in (*_PROGRAMS, *_PARTS):
        shutil.copy(GUEST / name, scripts / name)
        (scripts / name).chmod(0o755 if name in _PROGRAMS else 0o644)
    (package / "release").write_text(f"{RELEASE}\n")
    modules = asterisk.module_names(Driver.PJSIP, with_database=True)
    (package / "modules").write_text("".join(f"{name}\n" for name in modules))
