"""A trunk allows G.729 and nothing else, and the target has no transcoder for it."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def _allow(rootfs: Path, spec: ApplianceSpec) -> None:
    path = rootfs / "opt/pbxware/pw/etc/asterisk/sip.conf"
    path.write_text(path.read_text().replace("[trunk]\n", "[trunk]\ndisallow = all\nallow = g729\n"))


KNOB = Knob(found_by="g729_transcoding", on_disk=_allow)
