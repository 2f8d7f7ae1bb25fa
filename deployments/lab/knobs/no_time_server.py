"""The program that keeps the clock reaches no time server.

The lab has no chrony: its chronyc says what the real one of Debian 12 said in an appliance without a server.
"""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec

TRACKING = """\
Reference ID    : 00000000 ()
Stratum         : 0
Ref time (UTC)  : Thu Jan 01 00:00:00 1970
System time     : 0.000000000 seconds fast of NTP time
Last offset     : +0.000000000 seconds
RMS offset      : 0.000000000 seconds
Frequency       : 0.000 ppm slow
Residual freq   : +0.000 ppm
Skew            : 0.000 ppm
Root delay      : 1.000000000 seconds
Root dispersion : 1.000000000 seconds
Update interval : 0.0 seconds
Leap status     : Not synchronised
"""


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    program = rootfs / "usr/local/bin/chronyc"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{TRACKING}END\n")
    program.chmod(0o755)


KNOB = Knob(found_by="time_not_synchronised", on_disk=on_disk)
