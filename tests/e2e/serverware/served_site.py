"""A lab with one appliance behind its SERVERware, for tests."""
from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments.lab import snapshots
from deployments.lab.container import Container
from deployments.lab.layout import Layout
from deployments.lab.serverware import control
from deployments.lab.serverware.config import place, register_file
from deployments.lab.serverware.faults import Fault, Faults
from deployments.lab.spec import ApplianceSpec
from deployments.lab.up import up
from tasks.model.fleet import Serverware as Told
from tasks.model.profile_serverware import Action, ServerwareApi
from tasks.wire.credentials import Credentials
from tasks.wire.profile_file import load_profile
from tasks.wire.serverware import Pace, Serverware, connect

NETWORK = 71
HOST = f"127.24.{NETWORK}.1:8443"
VPS_ID = "101"
SPEC = ApplianceSpec(name="pbx1", rows=500, serverware=Told(host="lab", vps_id=VPS_ID))


@dataclass(frozen=True)
class Site:
    """A lab whose one appliance is VPS 101 of its SERVERware."""

    directory: Path
    home: Path

    @property
    def layout(self) -> Layout:
        return Layout.of(self.directory)

    @property
    def api(self) -> ServerwareApi:
        api = load_profile("lab", home=self.home).serverware
        assert api is not None
        return api

    @property
    def token(self) -> str:
        return (self.home / "serverware.token").read_text().strip()

    @property
    def pid(self) -> int:
        process = place(self.layout).process()
        assert process is not None
        return process.pid

    def secrets(self) -> set[str]:
        """Every secret that the service holds now."""
        served = json.loads(register_file(self.layout).read_text())
        return {self.token} | {each[name] for each in served for name in ("root_password", "description")}

    def api_with(self, **waits: float) -> ServerwareApi:
        return self.api.model_copy(update={"waits": self.api.waits.model_copy(update=waits)})

    def client(
        self, api: ServerwareApi | None = None, *, home: Path | None = None, host: str = HOST
    ) -> AbstractAsyncContextManager[Serverware]:
        credentials = Credentials.load((home or self.home) / "credentials.yaml")
        return connect(Told(host=host, vps_id=VPS_ID), api or self.api, credentials, Pace())

    def tell(self, at: dict[Action, Fault] | None = None, slow_s: float = 0.0, **more: Any) -> None:
        control.tell(self.directory, Faults(at=at or {}, slow_s=slow_s, **more))

    def box(self, name: str = "pbx1") -> Container:
        return Container(self.layout, name, self.layout.systems / name)

    def sql(self, statement: str, name: str = "pbx1") -> str:
        return self.box(name).run("/opt/pbxware/sh/mysql", "-N", "-e", statement).strip()

    def boot(self) -> None:
        snapshots.boot(self.layout, "pbx1", telephony=False)

    def kill_service(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        until = time.monotonic() + 5
        while place(self.layout).process() is not None and time.monotonic() < until:
            time.sleep(0.01)

    def serve(self) -> None:
        """Start the service where it does not run, as `uplift lab up` does."""
        up(self.directory, [SPEC], network=NETWORK)

    def script(self, body: str) -> subprocess.Popen[str]:
        """A program of its own with a client ``sw``, for tests that kill it."""
        code = (
            "import asyncio, sys\nfrom pathlib import Path\n"
            "from tasks.model.fleet import Serverware as Told\nfrom tasks.wire.credentials import Credentials\n"
            "from tasks.wire.profile_file import load_profile\nfrom tasks.wire.serverware import connect\n"
            "async def main():\n"
            "    home = Path(sys.argv[1])\n    api = load_profile('lab', home=home).serverware\n"
            f"    async with connect(Told(host='{HOST}', vps_id='{VPS_ID}'), api, "
            "Credentials.load(home / 'credentials.yaml')) as sw:\n"
            f"        {body}\n"
            "asyncio.run(main())\n"
        )
        return subprocess.Popen([sys.executable, "-c", code, str(self.home)], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


async def until_busy(sw: Serverware) -> None:
    """Wait until a task works on the VPS."""
    for _ in range(200):
        if (await sw.vps(VPS_ID)).task is not None:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("no task was begun")
