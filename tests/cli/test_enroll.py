"""`uplift fleet enroll` against real SSH servers: nothing is recorded that an operator did not vouch for."""
from __future__ import annotations

import asyncio
import os
import pty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tasks.wire.known_hosts import KnownHosts, record

Serve = Callable[..., Awaitable[int]]


def new_key(kind: str = "ssh-ed25519") -> asyncssh.SSHKey:
    return asyncssh.generate_private_key(kind)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts an SSH server with these host keys; gives its port."""
    async with AsyncExitStack() as stack:

        async def start(*keys: asyncssh.SSHKey) -> int:
            listening = await asyncssh.listen("127.0.0.1", 0, server_host_keys=list(keys))
            return int((await stack.enter_async_context(listening)).get_port())

        yield start


def recorded(home: Path, port: int) -> tuple[str, ...]:
    return KnownHosts.load(home / "known_hosts").fingerprints("127.0.0.1", port)


def states(ended: Any) -> dict[str, str]:
    return {row["system"]: row["state"] for row in ended.json}


async def test_a_new_key_is_shown_and_recorded_only_when_it_is_accepted(uplift: Any, fleet: Any, serve: Serve) -> None:
    key = new_key()
    port = await serve(key)
    path = fleet(("acme", "127.0.0.1", port))
    shown = await uplift("fleet", "enroll", path)
    assert shown.code == 3
    assert key.get_fingerprint() in shown.out and f"127.0.0.1:{port}" in shown.out
    assert "acme: not recorded; verify it" in shown.err
    assert recorded(uplift.home, port) == ()

    other = await uplift("fleet", "enroll", path, "--accept", new_key().get_fingerprint())
    assert other.code == 3 and recorded(uplift.home, port) == ()

    accepted = await uplift("fleet", "enroll", path, "--accept", key.get_fingerprint())
    assert accepted.code == 0
    assert recorded(uplift.home, port) == (key.get_fingerprint(),)
    assert (uplift.home / "known_hosts").stat().st_mode & 0o777 == 0o600
    assert (await uplift("fleet", "enroll", path)).out == "1 systems: 1 known\n"


async def test_a_changed_key_needs_the_systems_name_and_the_new_fingerprint(
    uplift: Any, fleet: Any, serve: Serve
) -> None:
    old, new = new_key(), new_key()
    port = await serve(new)
    path = fleet(("acme", "127.0.0.1", port))
    uplift.home.mkdir(mode=0o700)
    record(uplift.home / "known_hosts", "127.0.0.1", port, old)
    word = new.get_fingerprint()
    false = ["--accept", old.get_fingerprint()]
    for options in ([], ["--accept", word], ["--replace", "acme"], ["--replace", "acme", *false]):
        ended = await uplift("fleet", "enroll", path, "--json", *options)
        assert (ended.code, states(ended)) == (3, {"acme": "changed"})
        assert recorded(uplift.home, port) == (old.get_fingerprint(),)
    ended = await uplift("fleet", "enroll", path, "--json", "--replace", "acme", "--accept", word)
    assert (ended.code, states(ended)) == (0, {"acme": "replaced"})
    assert recorded(uplift.home, port) == (word,)


async def test_another_key_of_the_same_server_is_not_a_change(uplift: Any, fleet: Any, serve: Serve) -> None:
    keys = [new_key(), new_key("ecdsa-sha2-nistp256")]
    port = await serve(*keys)
    uplift.home.mkdir(mode=0o700)
    record(uplift.home / "known_hosts", "127.0.0.1", port, keys[1].convert_to_public())
    ended = await uplift("fleet", "enroll", fleet(("acme", "127.0.0.1", port)), "--json")
    assert (ended.code, states(ended)) == (0, {"acme": "known"})


async def test_a_key_of_another_type_than_the_recorded_one_is_a_change(uplift: Any, fleet: Any, serve: Serve) -> None:
    port = await serve(new_key())
    uplift.home.mkdir(mode=0o700)
    record(uplift.home / "known_hosts", "127.0.0.1", port, new_key("ecdsa-sha2-nistp256"))
    ended = await uplift("fleet", "enroll", fleet(("acme", "127.0.0.1", port)), "--json")
    assert (ended.code, states(ended)) == (3, {"acme": "changed"})


async def test_a_file_of_verified_fingerprints_enrols_many_and_stops_the_false_one(
    uplift: Any, fleet: Any, serve: Serve, tmp_path: Path
) -> None:
    keys = {name: new_key() for name in ("one", "two", "three")}
    ports = {name: await serve(key) for name, key in keys.items()}
    shown = dict(keys, two=new_key())
    verified = tmp_path / "verified.txt"
    verified.write_text("# by phone\n" + "".join(
        f"127.0.0.1:{ports[name]} {shown[name].get_fingerprint()}\n" for name in ("one", "two")))
    closed = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()
    path = fleet(*((name, "127.0.0.1", ports[name]) for name in keys), ("gone", "127.0.0.1", port))
    ended = await uplift("fleet", "enroll", path, "--fingerprints", verified, "--json")
    assert (ended.code, states(ended)) == (3, {"one": "confirmed", "two": "mismatch", "three": "new", "gone": "silent"})
    assert [bool(recorded(uplift.home, ports[name])) for name in keys] == [True, False, False]


async def test_select_leaves_the_others_alone(uplift: Any, fleet: Any, serve: Serve) -> None:
    key = new_key()
    ports = [await serve(key) for _ in range(2)]
    path = fleet(("one", "127.0.0.1", ports[0]), ("two", "127.0.0.1", ports[1]))
    ended = await uplift("fleet", "enroll", path, "--select", "id=two", "--accept", key.get_fingerprint(), "--json")
    assert (ended.code, states(ended)) == (0, {"two": "confirmed"})
    assert [bool(recorded(uplift.home, port)) for port in ports] == [False, True]
    nobody = await uplift("fleet", "enroll", path, "--select", "id=three")
    assert nobody.code == 2 and "id is one of one, two" in nobody.err


@pytest.mark.parametrize(("answers", "kept"), [(b"y\nn\n", [True, False]), (b"n\n\n", [False, False])])
async def test_at_a_terminal_each_system_is_asked_for(
    uplift: Any, fleet: Any, serve: Serve, answers: bytes, kept: list[bool]
) -> None:
    ports = [await serve(new_key()) for _ in range(2)]
    path = fleet(*((f"s{n}", "127.0.0.1", port) for n, port in enumerate(ports)))
    ours, theirs = pty.openpty()
    os.write(ours, answers)
    process = await asyncio.create_subprocess_exec(
        "uplift", "fleet", "enroll", str(path), stdin=theirs, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env=uplift.environment | {"PATH": f"{Path(os.sys.executable).parent}:/usr/bin"},
    )  # fmt: skip
    _, err = await asyncio.wait_for(process.communicate(), 60)
    os.close(ours)
    os.close(theirs)
    assert "Did you verify it?" in err.decode()
    assert [bool(recorded(uplift.home, port)) for port in ports] == kept
    assert process.returncode == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--accept", "SHA256:x"], "--accept 'SHA256:x' is not a fingerprint"),
        (["--replace", "nobody"], "--replace 'nobody' is none of the systems"),
        (["--fingerprints", "none.txt"], "none.txt does not exist"),
    ],
)
async def test_a_word_that_means_nothing_is_refused_before_any_scan(
    uplift: Any, fleet: Any, options: list[str], said: str
) -> None:
    ended = await uplift("fleet", "enroll", fleet(("acme", "192.0.2.1", 2020)), *options)
    assert ended.code == 2 and said in ended.err


async def test_what_a_server_says_cannot_repaint_the_operators_terminal(uplift: Any, fleet: Any) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Says farewell in the clear, before any key: SSH_MSG_DISCONNECT with a reason of its own choosing."""
        said = b"\x1b[2J\x1b]0;owned\x07all is well"
        payload = b"\x01" + (2).to_bytes(4, "big") + len(said).to_bytes(4, "big") + said + (0).to_bytes(4, "big")
        padding = 16 - (5 + len(payload)) % 8
        packet = bytes([padding]) + payload + bytes(padding)
        writer.write(b"SSH-2.0-X\r\n" + len(packet).to_bytes(4, "big") + packet)
        await writer.drain()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ended = await uplift("fleet", "enroll", fleet(("one", "127.0.0.1", port)))
    assert ended.code == 3
    assert "all is well" in ended.err
    assert "\x1b" not in ended.err + ended.out
    assert "\x07" not in ended.err


async def test_a_name_that_dns_cannot_hold_costs_only_its_system(uplift: Any, fleet: Any, serve: Serve) -> None:
    path = fleet(("odd", "pbx..example", 2020), ("good", "127.0.0.1", await serve(new_key())))
    ended = await uplift("fleet", "enroll", path, "--json")
    assert (ended.code, states(ended)) == (3, {"odd": "silent", "good": "new"})
