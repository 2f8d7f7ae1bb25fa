"""A real Prefect server and a real process worker, on loopback, for the deployments."""
from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

PREFECT = Path(sys.executable).with_name("prefect")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class PrefectServer:
    """A server of its own with an empty database, and the environment in which a client or a worker finds it."""

    url: str
    env: dict[str, str]
    folder: Path

    def run(self, *words: str) -> str:
        done = subprocess.run([PREFECT, *words], env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, f"prefect {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextlib.contextmanager
    def worker(self, pool: str) -> Iterator[subprocess.Popen[bytes]]:
        words = [PREFECT, "worker", "start", "--pool", pool, "--type", "process", "--name", f"worker-{pool}"]
        with _running(words, self.env, self.folder / f"worker-{pool}.log") as process:
            yield process


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    folder = tmp_path_factory.mktemp("prefect")
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    env = {
        **os.environ,
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    words = [PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with _running(words, env, folder / "server.log") as process:
        _wait(lambda: _healthy(url), process, folder / "server.log")
        yield PrefectServer(url, env, folder)


@contextlib.contextmanager
def _running(words: list[str | Path], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a process group of its own, and end the whole group."""
    with log.open("wb") as file:
        process = subprocess.Popen(words, env=env, cwd=ROOT, stdout=file, stderr=file, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _healthy(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{url}/health", timeout=2).status_code == 200
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"the Prefect server did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)
