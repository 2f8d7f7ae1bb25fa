"""A platform with an upgrader of a few lines, upgraded over a real OpenSSH sshd on this machine."""
from __future__ import annotations

import asyncio
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest

from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.model.upgrade import Launch, UpgradeStatus
from tasks.wire import upgrader

TARGET = Release.parse("7.2.0")
# Works through its stages, one each time its file `go` has another line, and can be told to end with a code.
PROGRAM = """\
set -u
home=$1 run=$2 release=$3
echo "$$ $release ${RESUME:-}" >>"$home/starts"
echo "umask $(umask) input $(readlink /proc/self/fd/0)" >>"$home/nature"
for stage in unpack migrate swap; do
    echo "$(date +%s) $stage" >>"$home/stages.$run"
    echo "== $stage of $run"
    while [ ! -e "$home/go" ] && [ ! -e "$home/go.$stage" ]; do sleep 0.02; done
done
echo "the last words"
code=$(cat "$home/code" 2>/dev/null || echo 0)
echo "$code" >"$home/exit.$run"
exit "$code"
"""


@dataclass
class Site:
    """The platform's files lie in ``home``, Uplift's own in ``state``."""

    home: Path
    sshd: Sshd = field(repr=False)
    profile: Profile

    @property
    def state(self) -> Path:
        assert self.profile.upgrader is not None
        return Path(self.profile.upgrader.state_folder)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[asyncssh.SSHClientConnection]:
        async with asyncssh.connect(
            self.sshd.host, self.sshd.port, username=self.sshd.user, client_keys=[self.sshd.key],
            known_hosts=([self.sshd.host_key], [], []), config=None, agent_path=None,
        ) as connection:
            yield connection

    async def launch(self, run: str = "C-1:upgrade:1:1", token: int = 1, **more: str) -> Launch:
        async with self.connect() as connection:
            return await upgrader.launch(connection, self.profile, run, token, TARGET, **more)

    async def status(self, run: str = "C-1:upgrade:1:1") -> UpgradeStatus:
        async with self.connect() as connection:
            return await upgrader.status(connection, self.profile, run)

    async def until(self, kind: str, run: str = "C-1:upgrade:1:1", stage: str | None = None) -> UpgradeStatus:
        for _ in range(100):
            seen = await self.status(run)
            if seen.state.kind == kind and (stage is None or seen.state.stage == stage):
                return seen
            await asyncio.sleep(0.05)
        raise AssertionError(f"not {kind} {stage or ''} within its time, but {seen}")

    def go(self, stage: str = "") -> None:
        """Let the upgrader leave a stage; without its name, all of them."""
        (self.home / (f"go.{stage}" if stage else "go")).touch()

    @property
    def starts(self) -> list[list[str]]:
        path = self.home / "starts"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def pids(self) -> list[int]:
        """All processes of the launched sessions that still live."""
        sessions = {path.read_text().split()[-1] for path in self.state.glob("runs/*/session")}
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                words = stat.read_text().rpartition(") ")[2].split()
                if words[3] in sessions - {str(os.getsid(0))} and words[0] != "Z":
                    found.append(int(stat.parent.name))
        return found

    def end(self) -> None:
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Sshd:
    host: str
    port: int
    user: str
    key: asyncssh.SSHKey
    host_key: asyncssh.SSHKey


@pytest.fixture(scope="session")
def own_sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An OpenSSH of these tests alone, at a free port, so that two test runs do not meet."""
    folder, host = tmp_path_factory.mktemp("sshd"), "127.0.77.61"
    key, host_key = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    host_key.write_private_key(folder / "host_key")
    (folder / "host_key").chmod(0o600)
    key.write_public_key(folder / "authorized_keys")
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    options = {
        "Port": port, "ListenAddress": host, "HostKey": folder / "host_key", "PidFile": "none", "UsePAM": "no",
        "AuthorizedKeysFile": folder / "authorized_keys", "StrictModes": "no", "MaxStartups": "100:30:200",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", *words], stderr=log)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex((host, port)) == 0:
                    break
            time.sleep(0.02)
        yield Sshd(host, port, pwd.getpwuid(os.geteuid()).pw_name, key, host_key.convert_to_public())
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def site(tmp_path: Path, own_sshd: Sshd) -> Iterator[Site]:
    home = tmp_path / "platform"
    home.mkdir()
    (home / "upgrade").write_text(PROGRAM)
    command = ["sh", str(home / "upgrade"), str(home), "{run}", "{release}"]
    profile = Profile.model_validate({"name": "own", "upgrader": {
        "launch": command, "resume": ["env", "RESUME=1", *command], "stages_log": f"{home}/stages.{{run}}",
        "stages": ["unpack", "migrate", "swap"], "no_return_from": "migrate", "state_folder": str(tmp_path / "uplift"),
    }})
    made = Site(home, own_sshd, profile)
    try:
        yield made
    finally:
        made.go()
        made.end()
