"""A module is asked for and declines to run, as its own configuration is not there."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def _load(rootfs: Path, spec: ApplianceSpec) -> None:
    modules = rootfs / "opt/pbxware/pw/etc/asterisk/modules.conf"
    modules.write_text(modules.read_text() + "load = app_queue.so\n")


KNOB = Knob(found_by="modules_not_loaded", on_disk=_load)
