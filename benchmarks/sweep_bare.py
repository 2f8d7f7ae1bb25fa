"""The least that any tool must do: connect with a strict host key, run one command, hang up. Nothing is kept."""
from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import asyncssh
import yaml

from benchmarks import CONCURRENCY
from tasks.wire.known_hosts import KnownHosts


def systems_of(fleet: Path) -> list[dict[str, Any]]:
    systems: list[dict[str, Any]] = yaml.load(fleet.read_text(), Loader=yaml.CSafeLoader)["systems"]
    return systems


async def main(systems: list[dict[str, Any]], home: Path) -> None:
    known = KnownHosts.load(home / "known_hosts")
    key = asyncssh.read_private_key(home / "keys/inspect")
    gate = asyncio.Semaphore(CONCURRENCY)

    async def one(host: str, port: int) -> None:
        async with gate, asyncssh.connect(
            host, port, username="root", client_keys=[key], known_hosts=known.for_asyncssh(host, port),
            config=None, agent_path=None,
        ) as connection:
            done = await connection.run("true")
            if done.exit_status != 0:
                raise SystemExit(f"{host} answered {done.exit_status}")

    await asyncio.gather(*(one(system["ssh"]["host"], system["ssh"]["port"]) for system in systems))


if __name__ == "__main__":
    asyncio.run(main(systems_of(Path(sys.argv[1])), Path(sys.argv[2])))
