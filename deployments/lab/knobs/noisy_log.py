"""Asterisk logs hundreds of warnings an hour: the dialplan complains of every call."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Appliance, Knob
from deployments.lab.spec import ApplianceSpec

COMPLAINING = """
[complains]
exten => s,1,Set(round=0)
 same => n(again),Log(WARNING,the greeting of the evening cannot be played)
 same => n,Set(round=$[${round} + 1])
 same => n,GotoIf($[${round} < 400]?again)
 same => n,Hangup()
"""


def _add_context(rootfs: Path, spec: ApplianceSpec) -> None:
    path = rootfs / "opt/pbxware/pw/etc/asterisk/extensions.conf"
    path.write_text(path.read_text() + COMPLAINING)


def _call(appliance: Appliance) -> None:
    appliance.asterisk("channel originate Local/s@complains application Wait 1")


KNOB = Knob(found_by="log_error_rate", on_disk=_add_context, running=_call)
