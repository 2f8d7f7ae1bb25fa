"""The system has been busy for a quarter of an hour, far beyond what its processors can do.

A container shows the machine's load: another loadavg lies over it, as lxcfs does it on a real host.
"""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    (appliance.rootfs / "etc/lab/loadavg").write_text("9104.12 9023.77 8911.04 812/1024 31337\n")
    appliance.shell("grep -q ' /proc/loadavg ' /proc/mounts || mount --bind /etc/lab/loadavg /proc/loadavg")


KNOB = Knob(found_by="high_load", running=running)
