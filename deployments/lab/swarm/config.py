"""The swarm's start-up file, and where each system lives."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm.faults import Fault

HOSTS_IN_A_ROW = 250
WEIGHTS = {"small": 18}      # of the databases by name; others weigh 1
MOST_SYSTEMS = 19_000       # one listening socket each, under the usual hard limit of 20,000 open files


@dataclass(frozen=True)
class SwarmConfig:
    """``faults`` are written as in faults.py, by the number of the system (swarm-00001 is 1).

    The start-up file holds the databases' passwords: 0600.
    """

    count: int
    databases: tuple[SwarmDatabase, ...]
    authorized_keys: str                # public keys in OpenSSH's format, one a line
    seed: int = 1
    network: str = "127.30"             # systems are network.x.y
    port: int = 2020
    faults: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_SYSTEMS:
            raise ValueError(f"a swarm has 1 to {MOST_SYSTEMS:,} systems, not {self.count:,}")
        if not self.databases:
            raise ValueError("a swarm needs at least one database; give the lab's")
        strangers = sorted(number for number in self.faults if not 1 <= number <= self.count)
        if strangers:
            raise ValueError(f"a fault is given to system {strangers[0]}, but the systems are 1 to {self.count}")
        self.parsed_faults()

    def parsed_faults(self) -> dict[int, Fault]:
        return {number: Fault.parse(text) for number, text in self.faults.items()}

    def numbers(self) -> Iterator[int]:
        return iter(range(1, self.count + 1))

    def address(self, number: int) -> str:
        row, place = divmod(number - 1, HOSTS_IN_A_ROW)
        return f"{self.network}.{row}.{place + 1}"

    def database(self, draw: float) -> SwarmDatabase:
        """The database that plays the part of a system's own; ``draw`` is 0 to 1, most systems get a small one."""
        weights = [WEIGHTS.get(database.name, 1) for database in self.databases]
        rest = draw * sum(weights)
        for database, weight in zip(self.databases, weights, strict=True):
            rest -= weight
            if rest < 0:
                return database
        return self.databases[-1]

    def host_key(self, number: int, changed: bool = False) -> Ed25519PrivateKey:
        """The system's own key, derived from the seed: 26 µs, so nothing is stored and no two systems share one."""
        words = f"uplift swarm host key {self.seed} {number}{' changed' if changed else ''}"
        return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(words.encode()).digest())

    def public_host_key(self, number: int) -> str:
        """As known_hosts has it: type and base64."""
        return self.host_key(number).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, indent=1)

    @classmethod
    def load(cls, path: Path) -> SwarmConfig:
        """Raises OSError or ValueError for a file that is not a swarm's."""
        try:
            data = json.loads(path.read_text())
            data["databases"] = tuple(SwarmDatabase(**database) for database in data["databases"])
            data["faults"] = {int(number): text for number, text in data["faults"].items()}
            return cls(**data)
        except (TypeError, KeyError) as error:
            raise ValueError(f"{path} is not a swarm's start-up file: {error}") from error
