"""The licence expired last week, as a file of the system says."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    expired = datetime.now(UTC).date() - timedelta(days=7)
    file = rootfs / "opt/pbxware/pw/etc/pbxware/licence"
    file.write_text(f"licence_key = not for you\nexpires = {expired}\nchannels = 30\nextensions = 100\n")


KNOB = Knob(found_by="licence_expiry", on_disk=on_disk)
