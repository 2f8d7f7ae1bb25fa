"""Prefect's API for the time of one command, where the site has no server: it ends with the command, however that ends.

Prefect's own temporary server outlives a command that is killed with SIGKILL (seen with 3.8.8). This one is bound to
the life of its parent by the kernel.
"""
from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tasks.model.errors import Failure

READY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 15.0
_PR_SET_PDEATHSIG = 1           # prctl(2)
_LIBC = ctypes.CDLL(None)


@contextmanager
def prefect_api(home: Path) -> Iterator[None]:
    """Point Prefect at the site's server (PREFECT_API_URL), or at one of our own on loopback, its files in ``home``.

    Call it from the main thread, before Prefect is imported. Raises Failure where the server does not start.
    """
    quiet = {"PREFECT_LOGGING_LEVEL": "CRITICAL", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    for name, value in quiet.items():
        os.environ.setdefault(name, value)      # the command tells its own story
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    folder = Path(os.environ.setdefault("PREFECT_HOME", str(home / "prefect")))
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    port = _free_port()
    server = _start(port, log)
    try:
        _wait(server, f"http://127.0.0.1:{port}/api", log)
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        yield
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        server.terminate()
        try:
            server.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _start(port: int, log: Path) -> subprocess.Popen[bytes]:
    words = [
        sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app", "--lifespan", "on",
        "--host", "127.0.0.1", "--port", str(port), "--log-level", "error",
    ]
    own = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
    parent = os.getpid()

    def end_with_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:              # it died before the kernel was told
            os._exit(1)

    with log.open("wb") as file:
        # A group of its own, so that Ctrl-C reaches the command first and the server last.
        return subprocess.Popen(
            words, env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True, preexec_fn=end_with_parent,
        )


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while server.poll() is None and time.monotonic() < until:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health", timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    raise Failure("prefect_server", "Prefect's server did not start", f"see {log}, or name one with PREFECT_API_URL")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
