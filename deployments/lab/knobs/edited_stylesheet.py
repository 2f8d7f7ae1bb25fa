"""A style sheet of the web pages was edited.

The lab's own upgrader carries the web pages over, so this system's profile says what PBXware does with them.
"""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec

SAYS = {"overrides": {"custom": {"fates": [
    {"kinds": ["stylesheet"], "effect": "overwritten"}, {"effect": "survives"},
]}}}


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    sheet = rootfs / "opt/pbxware/pw/home/sitemanager/admin/css/style.css"
    sheet.write_text("body { color: #0a5; }\n")


KNOB = Knob(found_by="custom_overwritten", entry=SAYS, on_disk=on_disk)
