"""The folder of the backups is mounted read only."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    appliance.shell(
        "grep -q ' /opt/backup ' /proc/mounts || "
        "{ mount --bind /opt/backup /opt/backup && mount -o remount,bind,ro /opt/backup; }"
    )


KNOB = Knob(found_by="read_only_mount", running=running)
