"""Asterisk serves MGCP phones, and Asterisk 21 dropped the driver."""
from __future__ import annotations

import re
from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def _load(rootfs: Path, spec: ApplianceSpec) -> None:
    etc = rootfs / "opt/pbxware/pw/etc/asterisk"
    address = re.findall(r"^udpbindaddr = (\S+):", (etc / "sip.conf").read_text(), re.MULTILINE)[0]
    (etc / "mgcp.conf").write_text(f"[general]\nport = 2427\nbindaddr = {address}\n")
    modules = etc / "modules.conf"
    modules.write_text(modules.read_text() + "load = chan_mgcp.so\n")


KNOB = Knob(found_by="dropped_modules", on_disk=_load)
