"""Credentials: a name becomes a key that logs in to a real SSH server, or one sentence that says why not."""
from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tasks.model.errors import UserError
from tasks.wire.credentials import Credentials


def private(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)
    return path


def write_key(path: Path) -> asyncssh.SSHKey:
    key = asyncssh.generate_private_key("ssh-ed25519")
    private(path, key.export_private_key())
    return key


def credentials(folder: Path, text: str) -> Credentials:
    return Credentials.load(private(folder / "credentials.yaml", text))


class _Guest(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True


@pytest.fixture
async def server() -> AsyncIterator[Any]:
    """A real SSH server that lets in the keys of ``server.keys``."""
    allowed: list[asyncssh.SSHKey] = []

    class Guest(_Guest):
        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return key in allowed

    host_key = asyncssh.generate_private_key("ssh-ed25519")
    async with await asyncssh.listen("127.0.0.1", 0, server_host_keys=[host_key], server_factory=Guest) as listening:
        listening.keys = allowed
        yield listening


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    """A real ssh-agent on a socket of its own."""
    socket = tmp_path / "agent"
    program = shutil.which("ssh-agent")
    assert program, "openssh-client is a dependency of the tests"
    with subprocess.Popen([program, "-D", "-a", str(socket)], stdout=subprocess.DEVNULL) as process:
        while not socket.exists():
            assert process.poll() is None
        yield socket
        process.terminate()


def add_to(agent: Path, key_file: Path) -> None:
    environment = {**os.environ, "SSH_AUTH_SOCK": str(agent)}
    subprocess.run(["ssh-add", "-q", str(key_file)], env=environment, check=True, stderr=subprocess.DEVNULL)


async def login(server: Any, found: Credentials, name: str) -> None:
    alone: dict[str, Any] = {"known_hosts": None, "config": None, "agent_path": None}
    async with found.resolve(name).client_keys() as keys:
        connection = await asyncssh.connect("127.0.0.1", server.get_port(), username="root", client_keys=keys, **alone)
    connection.close()
    await connection.wait_closed()


async def test_a_key_file_logs_in_and_is_read_once(tmp_path: Path, server: Any) -> None:
    (tmp_path / "keys").mkdir()
    server.keys.append(write_key(tmp_path / "keys" / "inspect").convert_to_public())
    found = credentials(tmp_path, "credentials: {inspect: {key_file: keys/inspect}}")
    await login(server, found, "inspect")
    (tmp_path / "keys" / "inspect").unlink()
    await login(server, found, "inspect")


async def test_only_the_named_key_of_an_agent_is_offered(tmp_path: Path, server: Any, agent: Path) -> None:
    keys = [write_key(tmp_path / name) for name in ("one", "two")]
    for name in ("one", "two"):
        add_to(agent, tmp_path / name)
    text = "credentials:\n"
    for name, key in zip(("one", "two"), keys, strict=True):
        text += f'  {name}: {{agent: true, socket: {agent}, fingerprint: "{key.get_fingerprint()}"}}\n'
    found = credentials(tmp_path, text + f"  any: {{agent: true, socket: {agent}}}\n")
    server.keys.append(keys[1].convert_to_public())
    await login(server, found, "two")
    await login(server, found, "any")
    with pytest.raises(asyncssh.PermissionDenied):
        await login(server, found, "one")


async def test_an_agent_that_is_silent_or_lacks_the_key_is_told(tmp_path: Path, agent: Path) -> None:
    found = credentials(
        tmp_path,
        f'credentials:\n  empty: {{agent: true, socket: {agent}, fingerprint: "SHA256:{"A" * 43}"}}\n'
        f"  gone: {{agent: true, socket: {tmp_path / 'gone'}}}\n",
    )
    for name, said in (("empty", f"does not hold SHA256:{'A' * 43}"), ("gone", "no agent answers at")):
        with pytest.raises(UserError, match=said):
            async with found.resolve(name).client_keys():
                pass


def test_an_agent_without_a_socket_is_that_of_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = credentials(tmp_path, "credentials: {a: {agent: true}}")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(UserError, match="SSH_AUTH_SOCK is not set"):
        found.resolve("a")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    assert found.resolve("a").agent_path == "/run/agent"


@pytest.mark.parametrize(
    ("name", "code"),
    [("lost", "key_missing"), ("open", "key_not_private"), ("locked", "key_has_passphrase"), ("text", "key_unreadable"),
     ("public", "key_unreadable"), ("inspct", "credential_missing"), ("folder", "key_not_private")],
)  # fmt: skip
def test_a_key_that_cannot_be_used_is_one_sentence(tmp_path: Path, name: str, code: str) -> None:
    secret = write_key(tmp_path / "open").export_private_key().decode()
    (tmp_path / "open").chmod(0o640)
    ssh_keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "correct horse", "-f", str(tmp_path / "locked")]
    subprocess.run(ssh_keygen, check=True)
    private(tmp_path / "text", "swordfish")
    private(tmp_path / "public", asyncssh.generate_private_key("ssh-ed25519").export_public_key())
    (tmp_path / "folder").mkdir()
    names = ("lost", "open", "locked", "text", "public", "folder")
    found = credentials(tmp_path, "credentials:\n" + "".join(f"  {each}: {{key_file: {each}}}\n" for each in names))
    with pytest.raises(UserError) as told:
        found.resolve(name)
    said = str(told.value)
    assert told.value.code == code
    assert told.value.remedy and "\n" not in said
    assert "swordfish" not in said and secret[40:80] not in said


def test_no_representation_shows_a_key(tmp_path: Path) -> None:
    write_key(tmp_path / "k")
    found = credentials(tmp_path, "credentials: {a: {key_file: k}}")
    shown = repr(found.resolve("a")) + repr(found)
    assert "SSHKey" not in shown and "Ed25519" not in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("credentials:\n  a: {}\n", r":2: credentials\.a: a credential has one source; write key_file"),
        ("credentials:\n  a:\n    key_file: x\n    agent: true\n", ":2: .*one source"),
        ("credentials:\n  a: {key_file: x, fingerprint: y}\n", "fingerprint"),
        ("credentials:\n  a: {keyfile: x}\n", "unknown field 'keyfile'.*did you mean key_file"),
        ("credentials:\n  a: {agent: true, fingerprint: 'MD5:x'}\n", "fingerprint is not well formed"),
        ("credentials: {}\n", "credentials is not long enough"),
        ("", "credentials is missing"),
        ("credentials:\n  a: {key_file: x\n", "not YAML"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        credentials(tmp_path, text)


def test_a_file_that_others_may_read_or_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read .*; write it with"):
        Credentials.load(tmp_path / "credentials.yaml")
    private(tmp_path / "credentials.yaml", "credentials: {a: {agent: true}}").chmod(0o644)
    with pytest.raises(UserError, match=r"open to other users .mode 0644.; run `chmod 600"):
        Credentials.load(tmp_path / "credentials.yaml")
