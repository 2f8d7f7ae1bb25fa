"""A real Prefect server with a process worker on loopback, for tests that kill -9 them and start them again."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import httpx
import yaml

PREFECT = Path(sys.executable).with_name("prefect")
ROOT = Path(__file__).parents[2]
_POOL = "uplift"


class PrefectSite:
    """``env`` is what steps need (UPLIFT_HOME); the server keeps its database in ``folder`` over every kill."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.url, self.folder = f"http://127.0.0.1:{self._port}/api", folder
        self.env = {
            **env, "PREFECT_HOME": str(folder), "PREFECT_API_URL": self.url, "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_WORKER_QUERY_SECONDS": "1",
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._serve()
        self._run("work-pool", "create", _POOL, "--type", "process", "--overwrite")
        self._run("--no-prompt", "deploy", "--all", "--prefect-file", str(self._only_the_upgrade()))

    def start(self) -> None:
        """What does not run is started; a server is waited for."""
        self._serve()
        if not self._alive("worker"):
            self._spawn("worker", "worker", "start", "--pool", _POOL, "--type", "process", "--name", "prove")

    def upgrade(self, case_id: str) -> None:
        """A run of the upgrade's deployment, for the worker. A server that was killed answers 503 for a while."""
        found = httpx.get(f"{self.url}/deployments/name/upgrade/client", timeout=30).raise_for_status().json()
        asked = {"parameters": {"case_id": case_id}, "state": {"type": "SCHEDULED"}, "idempotency_key": uuid4().hex}
        until = time.monotonic() + 60
        while True:
            told = httpx.post(f"{self.url}/deployments/{found['id']}/create_flow_run", json=asked, timeout=30)
            if told.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > until:
                told.raise_for_status()
                return
            time.sleep(1)

    def kill(self, *, with_flow: bool) -> None:
        """kill -9 of server and worker, and ``with_flow`` of the run's process too, which else goes on alone."""
        os.killpg(self._running["server"].pid, signal.SIGKILL)
        worker = self._running["worker"]
        if with_flow:
            self.end_flow()
        else:
            worker.kill()
        for process in (worker, self._running["server"]):
            process.wait()

    def end_flow(self) -> None:
        """kill -9 of all that the last worker has started."""
        with suppress(KeyError, ProcessLookupError):
            os.killpg(self._running["worker"].pid, signal.SIGKILL)

    def stop(self) -> None:
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _only_the_upgrade(self) -> Path:
        """The project's deployments without the others, whose schedules would start steps of their own accord."""
        told = yaml.safe_load((ROOT / "prefect.yaml").read_text())
        told["deployments"] = [each for each in told["deployments"] if each["entrypoint"] == "flows.upgrade.upgrade"]
        path = self.folder / "prefect.yaml"
        path.write_text(yaml.safe_dump(told))
        return path

    def _serve(self) -> None:
        if self._alive("server"):
            return
        self._spawn("server", "server", "start", "--host", "127.0.0.1", "--port", str(self._port))
        until = time.monotonic() + 120
        while not self._healthy():
            assert self._alive("server") and time.monotonic() < until, (self.folder / "server.log").read_text()[-2000:]
            time.sleep(0.2)

    def _healthy(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/health", timeout=2).status_code == 200
        return False

    def _alive(self, name: str) -> bool:
        return name in self._running and self._running[name].poll() is None

    def _spawn(self, name: str, *words: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [PREFECT, *words], env=self.env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )

    def _run(self, *words: str) -> None:
        ran = subprocess.run([PREFECT, *words], env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=180)
        assert ran.returncode == 0, f"prefect {' '.join(words)}: {ran.stdout}{ran.stderr}"
