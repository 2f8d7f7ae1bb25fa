"""The stand-in's process: ``python -m deployments.lab.freshdesk.server CONFIG.json``; it ends on SIGTERM."""
from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn

from deployments.lab.detached import Place
from deployments.lab.freshdesk.api import make_app
from deployments.lab.freshdesk.config import MODULE, DeskConfig

log = logging.getLogger("uplift.freshdesk")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, place: Place) -> None:
        super().__init__(config)
        self._place = place

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._place.write_ready()


def start(config: DeskConfig) -> Place:
    """Serve from ``config.folder`` in a process of its own, and wait until it listens. Raises LabError."""
    config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = Place(config.folder, MODULE)
    with place.locked():
        if not place.runs_with(config.model_dump_json()):
            place.stop()
            place.spawn(config.model_dump_json())
        place.wait_until_ready("Freshdesk", 30)
    return place


def main(path: Path) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    place = Place(path.parent, MODULE)
    place.write_pid(os.getpid())
    try:
        config = DeskConfig.model_validate_json(path.read_text())
        with socket.create_server((config.host, config.port)) as listening:
            settings = uvicorn.Config(make_app(config), log_config=None, access_log=False, lifespan="off",
                                      timeout_graceful_shutdown=1, server_header=False)
            asyncio.run(_Server(settings, place).serve([listening]))
    except (OSError, ValueError) as error:
        log.error("Freshdesk cannot serve: %s", getattr(error, "strerror", None) or error)
        return 1
    finally:
        place.forget_process(os.getpid())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
