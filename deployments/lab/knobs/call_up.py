"""A call is up while the system is inspected, at a site where one call means that it is in use."""
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
    found_by="calls_up", entry={"overrides": {"telephony": {"busy_calls": 1}}}, on_disk=_add_context, running=_call
)
