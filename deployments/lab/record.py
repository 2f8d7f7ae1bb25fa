"""What a lab remembers of each of its systems, so that ``up`` can be repeated. Holds secrets: files of mode 0600."""
from __future__ import annotations

import hashlib
import json
import os
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from deployments.lab.layout import Layout


class Role(StrEnum):
    PBX = "pbx"
    CARRIER = "carrier"
    DATABASE = "database"


class Record(BaseModel):
    """``fingerprint`` tells what the system was made from; one that differs, or is not ``ready``, is made anew."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Role
    address: str
    fingerprint: str
    ready: bool = False
    small_disk: bool = False
    known_host_key: str = ""                # as known_hosts has it: type and base64
    database_password: str = ""
    extensions: dict[str, str] = {}         # number to SIP secret

    def rootfs(self, layout: Layout) -> Path:
        return (layout.disks if self.small_disk else layout.systems) / self.name

    def save(self, layout: Layout) -> None:
        layout.records.mkdir(parents=True, exist_ok=True)
        write_private(layout.records / f"{self.name}.json", self.model_dump_json(indent=1) + "\n")


def records(layout: Layout) -> dict[str, Record]:
    """All records by name. One that cannot be read (an older lab's) counts as none."""
    found = {}
    for path in sorted(layout.records.glob("*.json")):
        try:
            found[path.stem] = Record.model_validate_json(path.read_text())
        except ValueError:
            continue
    return found


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)


def fingerprint(*parts: object) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:16]
