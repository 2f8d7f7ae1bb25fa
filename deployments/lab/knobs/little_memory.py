"""Of 4 GB of memory 60 MB are available, and there is no swap.

A container shows the machine's memory: another meminfo lies over it, as lxcfs does it on a real host.
"""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob

MEMORY = "MemTotal: 4012345 kB\nMemFree: 41000 kB\nMemAvailable: 61440 kB\nBuffers: 2000 kB\nCached: 30000 kB\n" \
         "SwapTotal: 0 kB\nSwapFree: 0 kB\n"


def running(appliance: Appliance) -> None:
    (appliance.rootfs / "etc/lab/meminfo").write_text(MEMORY)
    appliance.shell("grep -q ' /proc/meminfo ' /proc/mounts || mount --bind /etc/lab/meminfo /proc/meminfo")


KNOB = Knob(found_by="low_memory", running=running)
