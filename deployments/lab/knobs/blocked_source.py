"""The list of those whom the system blocks holds the address from which it is inspected and would be called.

sipPROT itself is the vendor's: a file with its list stands in for it, and the profile names the command that prints it.
"""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec

LIST = "/opt/pbxware/pw/var/lib/sipprot/blocked"


def _block(rootfs: Path, spec: ApplianceSpec) -> None:
    path = rootfs / LIST.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("198.51.100.7\n127.0.0.1\n2001:db8::7\n")


KNOB = Knob(
    found_by="source_blocked", entry={"overrides": {"telephony": {"block_list": ["cat", LIST]}}}, on_disk=_block
)
