"""Asterisk's log ends in a gzip bomb, and rotated logs are bombs too: nothing may unpack them without an end."""
from __future__ import annotations

import gzip
import io
from pathlib import Path

from deployments.lab.knob import Appliance, Knob

_HOLDS_BYTES, _BLOCK_BYTES = 4_000_000_000, 10_000_000


def running(appliance: Appliance) -> None:
    """Members of a gzip file may follow one another, so that one packed block makes a bomb of any size."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        file.write(bytes(_BLOCK_BYTES))
    bomb = packed.getvalue() * (_HOLDS_BYTES // _BLOCK_BYTES)
    folder = appliance.tree / "var/log/asterisk"
    for name in ("messages.1.gz", "full.1.gz", "messages.2.gz"):
        (folder / name).write_bytes(bomb)
    _end_with(folder / "messages", packed.getvalue())


def _end_with(log: Path, packed: bytes) -> None:
    if packed not in log.read_bytes():
        with log.open("ab") as file:
            file.write(b"\n" + packed + b"\n")


KNOB = Knob(found_by=None, running=running)
