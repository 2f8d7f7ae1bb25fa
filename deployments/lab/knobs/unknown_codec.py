"""A trunk allows only a codec for which this Asterisk has no translator."""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def _allow(rootfs: Path, spec: ApplianceSpec) -> None:
    path = rootfs / "opt/pbxware/pw/etc/asterisk/sip.conf"
    path.write_text(path.read_text().replace("[trunk]\n", "[trunk]\ndisallow = all\nallow = ilbc\n"))


KNOB = Knob(found_by="codec_not_available", on_disk=_allow)
