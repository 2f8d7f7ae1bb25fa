"""The real console script, run as its users run it."""
from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

UPLIFT = Path(sys.executable).with_name("uplift")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Uplift:
    """``await uplift("fleet", "check", path)``; asynchronous, because tests serve SSH meanwhile."""

    home: Path
    within_s: float = 60        # a command that starts Prefect takes a quarter of it, on a machine of its own

    async def __call__(self, *arguments: object, **environment: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            str(UPLIFT), *map(str, arguments), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, env=self.environment | environment,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), self.within_s)
        return Ended(process.returncode or 0, out.decode(), err.decode())

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("SSH_AUTH_SOCK", "COLUMNS")}
        return kept | {"UPLIFT_HOME": str(self.home)}


@pytest.fixture
def uplift(tmp_path: Path) -> Uplift:
    return Uplift(tmp_path / "home")


@pytest.fixture
def fleet(tmp_path: Path) -> Callable[..., Path]:
    """Writes a fleet file with one system for each (id, host, port)."""

    def write(*systems: tuple[str, str, int], **changed: Any) -> Path:
        path = tmp_path / "fleet.yaml"
        path.write_text(yaml.safe_dump({"systems": [
            {"id": name, "client": f"{name} Ltd", "environment": "standalone", "edition": "business",
             "ssh": {"host": host, "port": port, "credential": "inspect"}, "timezone": "UTC", "country": "GB"} | changed
            for name, host, port in systems
        ]}))  # fmt: skip
        return path

    return write
