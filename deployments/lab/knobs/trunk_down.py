"""The PBX registers with a carrier that knows nothing of it, and is refused."""
from __future__ import annotations

import re
from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def _register(rootfs: Path, spec: ApplianceSpec) -> None:
    path = rootfs / "opt/pbxware/pw/etc/asterisk/sip.conf"
    text = path.read_text()
    carrier = re.findall(r"^host = (\d\S+)$", text, re.MULTILINE)[0]
    path.write_text(text.replace("[general]\n", f"[general]\nregister => 900:unknown@{carrier}\n", 1))


KNOB = Knob(found_by="trunk_down", on_disk=_register)
