"""The service's process: ``python -m deployments.lab.serverware.server CONFIG.json``.

It listens with TLS on a loopback address, writes READY beside the start-up file, and ends on SIGTERM; tasks that run
then are told as interrupted by the next one.
"""
from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn

from deployments.lab.detached import Place
from deployments.lab.serverware.api import make_app
from deployments.lab.serverware.config import (
    MODULE,
    ServiceConfig,
    certificate_file,
    key_file,
    register_file,
    token_file,
)
from deployments.lab.serverware.register import Register
from deployments.lab.serverware.work import Work

log = logging.getLogger("uplift.serverware")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, place: Place) -> None:
        super().__init__(config)
        self._place = place

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._place.write_ready()


def serve(config: ServiceConfig, place: Place) -> None:
    """Serve until SIGTERM or SIGINT."""
    layout = config.layout
    register = Register(register_file(layout), config.vpses)
    for served in register.all():               # `uplift lab up` may have made a system anew: its clones went with it
        if served.origin and served.complete and not list(layout.snapshots.glob(f"*/{served.system}")):
            register.forget(served.id)
    app = make_app(Work(layout, register), token_file(layout).read_text().strip())
    with socket.create_server((config.host, config.port)) as listening:
        settings = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1, server_header=False,
            ssl_certfile=certificate_file(layout), ssl_keyfile=key_file(layout),
        )
        asyncio.run(_Server(settings, place).serve([listening]))


def main(path: Path) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    place = Place(path.parent, MODULE)
    place.write_pid(os.getpid())
    try:
        serve(ServiceConfig.model_validate_json(path.read_text()), place)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        log.error("SERVERware cannot serve: %s", reason)    # control.py hands the last line of the log on
        return 1
    finally:
        place.forget_process(os.getpid())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
