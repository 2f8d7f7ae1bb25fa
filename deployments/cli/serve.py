"""``uplift serve``: the clients' page, and the webhooks of desks and stores. TLS is a reverse proxy's."""
from __future__ import annotations

import ipaddress
import logging
import socket
from pathlib import Path
from typing import Annotated

import typer

from tasks.model.errors import UserError
from tasks.wire.home import find_home
from tasks.wire.tickets.settings import load_settings, settings_file
from tasks.wire.web_settings import load_web_settings, signing_keys

PORT = 8470


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = PORT,
) -> None:
    """Serve the clients' page (web.yaml) and webhooks (tickets.yaml) until it is stopped. A proxy gives it TLS."""
    import uvicorn

    from deployments.web.app import make_app

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise UserError("bad_host", f"{host!r} is no address", "write one like 127.0.0.1") from None
    home = find_home()
    _checked(home)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    app = make_app(home)
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if address.version == 6 else
                                         socket.AF_INET)
    except OSError as error:
        raise UserError("port_unusable", f"{host} port {port} cannot be listened on: {error.strerror}",
                        "give another --port") from None
    print(f"serving on http://{host}:{listening.getsockname()[1]}", flush=True)
    # A proxy's X-Forwarded-For counts only from this machine: nobody else chooses whose pace a request is counted to.
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=10,
        timeout_keep_alive=15, limit_concurrency=100, proxy_headers=True, forwarded_allow_ips="127.0.0.1,::1",
    )
    uvicorn.Server(settings).run(sockets=[listening])


def _checked(home: Path) -> None:
    """A mistake in a settings file is told now, not at the first order or the first client."""
    web = load_web_settings(home)
    if web is not None:
        signing_keys(home, web)
    if web is None or settings_file(home).exists():
        load_settings(home)
