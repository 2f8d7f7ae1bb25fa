"""A lab as an operator sees it: a fleet file, an UPLIFT_HOME, and the command."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deployments.lab.spec import ApplianceSpec, Engine, SwarmDatabase

UPLIFT = Path(sys.executable).with_name("uplift")
NETWORK = 90                # keeps the tests' lab out of the way of one that a person plays with
SWARM = 200
APPLIANCES = {
    "healthy": ApplianceSpec(name="healthy"),
    "full": ApplianceSpec(name="full", disk_full=True),
    "big": ApplianceSpec(name="big", rows=3_000_000, engine=Engine.MYISAM),
    "foreign": ApplianceSpec(name="foreign", foreign_module=True),
    "changed": ApplianceSpec(name="changed", changed_host_key=True),
}


@dataclass(frozen=True)
class Site:
    """A fleet file and the UPLIFT_HOME that goes with it, as an operator has them."""

    fleet: Path
    home: Path
    databases: tuple[SwarmDatabase, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def uplift(self, *words: str | Path, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Run the console script as an operator does."""
        return subprocess.run(
            [UPLIFT, *map(str, words)], env=self.env, capture_output=True, text=True, timeout=timeout_s
        )

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "UPLIFT_HOME": str(self.home), **self.environment}

    def entries(self, *prefixes: str) -> list[dict[str, Any]]:
        systems = yaml.load(self.fleet.read_text(), Loader=yaml.CSafeLoader)["systems"]
        return [system for system in systems if system["id"].startswith(prefixes)]

    def narrowed(self, folder: Path, *prefixes: str) -> Path:
        """A fleet file with only the systems whose id begins so (JSON is YAML)."""
        path = folder / "fleet.yaml"
        path.write_text(json.dumps({"systems": self.entries(*prefixes)}))
        return path
