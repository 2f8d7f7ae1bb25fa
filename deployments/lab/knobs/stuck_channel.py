"""A channel is up for longer than calls last at the site (here a second, as a lab does not wait for hours)."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Appliance, Knob
from deployments.lab.spec import ApplianceSpec


def _add_context(rootfs: Path, spec: ApplianceSpec) -> None:
    path = rootfs / "opt/pbxware/pw/etc/asterisk/extensions.conf"
    path.write_text(path.read_text() + "\n[stays]\nexten => s,1,Answer()\n same => n,Wait(604800)\n")


def _call(appliance: Appliance) -> None:
    appliance.asterisk("channel originate Local/s@stays application Wait 604800")


KNOB = Knob(
    found_by="stuck_channel", entry={"overrides": {"telephony": {"stuck_channel_s": 1}}}, on_disk=_add_context,
    running=_call,
)
