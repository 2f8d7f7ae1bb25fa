"""The folder of the backups is a link to a disk of 128 kB; by its path it would seem to lie on the big one."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    appliance.shell(
        "mkdir -p /srv/disk; grep -q ' /srv/disk ' /proc/mounts || mount -t tmpfs -o size=128k backups /srv/disk; "
        "[ -L /opt/backup ] || { rmdir /opt/backup && ln -s /srv/disk /opt/backup; }"
    )


KNOB = Knob(found_by="sufficient_space", running=running)
