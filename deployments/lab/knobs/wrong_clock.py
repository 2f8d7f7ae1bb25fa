"""The clock of the system's shell is two days behind.

A container has the machine's clock, so only ``date`` is told a false one, by libfaketime.
"""
from __future__ import annotations

from pathlib import Path

from deployments.lab.knob import Knob
from deployments.lab.spec import ApplianceSpec

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def on_disk(rootfs: Path, spec: ApplianceSpec) -> None:
    wrapper = rootfs / "usr/local/bin/date"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(f'#!/bin/sh\nLD_PRELOAD={LIBRARY} FAKETIME=-172800s exec /usr/bin/date "$@"\n')
    wrapper.chmod(0o755)


KNOB = Knob(found_by="clock_offset", on_disk=on_disk)
