"""What the visits of one sweep share must not let one system's trouble become another's."""
from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tasks.model.answer import ContactState
from tasks.model.facts import Edition
from tasks.model.fleet import Environment, Ssh, System
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.model.sweep import Limits, SweepOptions, Target
from tasks.steps.inspect_batch import Visitor
from tasks.wire.known_hosts import record

DEAD = 20                       # more than the threads of a loop that nobody told
LOOK_UP_S = 3.0


def target(name: str, host: str, port: int = 2020) -> Target:
    ssh = Ssh(host=host, port=port, credential="inspect")
    system = System(
        id=name, client=name, environment=Environment.STANDALONE, edition=Edition.BUSINESS, ssh=ssh,
        timezone="UTC", country="GB", profile="lab",
    )  # fmt: skip
    return Target(system=system, profile="lab")


@pytest.fixture
def dead_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names in .dead are asked of a server that does not answer; all others are looked up as ever."""
    real = socket.getaddrinfo

    def look_up(host: Any, *more: Any, **named: Any) -> Any:
        if str(host).endswith(".dead"):
            time.sleep(LOOK_UP_S)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.usefixtures("dead_name_server")
async def test_names_whose_server_is_dead_cost_no_other_system_its_visit(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key")
    (tmp_path / "credentials.yaml").write_text("credentials: {inspect: {key_file: key}}")
    for path in (tmp_path / "key", tmp_path / "credentials.yaml"):
        path.chmod(0o600)
    allowed = asyncssh.import_authorized_keys(key.export_public_key().decode())
    listening = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], authorized_client_keys=allowed, process_factory=lambda p: p.exit(0)
    )
    async with listening:
        healthy = target("healthy", "localhost", listening.get_port())
        dead = [target(f"dead{number}", f"pbx{number}.dead") for number in range(DEAD)]
        for one in (healthy, *dead):
            record(tmp_path / "known_hosts", one.system.ssh.host, one.system.ssh.port, key.convert_to_public())
        options = SweepOptions(
            target=Release.parse("7.2.0"), mysql=False, concurrency=DEAD + 1, limits=Limits(connect_s=LOOK_UP_S / 2)
        )
        visitor = Visitor.open(options, {"lab": Profile(name="lab")}, tmp_path)
        told = await asyncio.gather(*map(visitor.visit, (*dead, healthy)))
    assert [one.contact.state for one in told] == [ContactState.TIMED_OUT] * DEAD + [ContactState.REACHED]
