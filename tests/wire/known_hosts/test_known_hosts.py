"""Host keys: what OpenSSH wrote is read, what Uplift writes OpenSSH reads, and only what was recorded is trusted."""
from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import stat
import subprocess
import time
from pathlib import Path

import asyncssh
import pytest

from tasks.model.errors import UserError
from tasks.wire.host_key_scan import scan
from tasks.wire.known_hosts import KnownHosts, fingerprint, record, record_all


def key(kind: str = "ssh-ed25519") -> asyncssh.SSHKey:
    return asyncssh.generate_private_key(kind).convert_to_public()


def test_port_22_stands_bare_and_other_ports_in_brackets(tmp_path: Path) -> None:
    path, one, two = tmp_path / "known_hosts", key(), key("ecdsa-sha2-nistp256")
    record(path, "PBX.example.net", 22, one)
    record(path, "pbx.example.net", 2020, two)
    assert [line.split()[0] for line in path.read_text().splitlines()] == ["pbx.example.net", "[pbx.example.net]:2020"]
    known = KnownHosts.load(path)
    assert known.trusted_keys("pbx.EXAMPLE.net", 22) == [one]
    assert known.fingerprints("pbx.example.net", 2020) == (fingerprint(two),)
    assert known.trusted_keys("pbx.example.net", 2021) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_openssh_finds_the_recorded_key(tmp_path: Path) -> None:
    path, one = tmp_path / "known_hosts", key()
    record(path, "192.0.2.1", 2020, one)
    command = [shutil.which("ssh-keygen") or "ssh-keygen", "-l", "-F", "[192.0.2.1]:2020", "-f", str(path)]
    assert fingerprint(one) in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_recorded_key_is_never_replaced_silently(tmp_path: Path) -> None:
    path, old, new = tmp_path / "known_hosts", key(), key()
    record(path, "a", 2020, old)
    before = path.read_bytes()
    with pytest.raises(UserError) as told:
        record_all(path, [("b", 2020, new), ("a", 2020, new)])
    assert told.value.code == "host_key_changed"
    assert path.read_bytes() == before, "nothing of the batch was written"
    record(path, "a", 2020, old)
    assert path.read_bytes() == before, "the same key again changes nothing"
    record(path, "a", 2020, new, replace=True)
    assert KnownHosts.load(path).trusted_keys("a", 2020) == [new]


def test_a_replaced_key_leaves_the_other_names_of_its_line(tmp_path: Path) -> None:
    path, old, new = tmp_path / "known_hosts", key(), key()
    text = old.export_public_key().decode().strip()
    path.write_text(f"# written by hand\n\n[a]:2020,[b]:2020 {text} a comment\n")
    record(path, "a", 2020, new, replace=True)
    known = KnownHosts.load(path)
    assert (known.trusted_keys("a", 2020), known.trusted_keys("b", 2020)) == ([new], [old])
    assert path.read_text().startswith("# written by hand\n")


@pytest.mark.parametrize(
    "line",
    ["|1|c2FsdA==|aGFzaA== ssh-ed25519 AAAA", "*.example.net ssh-ed25519 AAAA", "@revoked a ssh-ed25519 AAAA", "a AAAA",
     "!a ssh-ed25519 AAAA"],
)  # fmt: skip
def test_a_line_that_would_be_passed_over_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "known_hosts").write_text(f"# first\n{line}\n")
    with pytest.raises(UserError, match=r"known_hosts:2 .*; "):
        KnownHosts.load(tmp_path / "known_hosts")


def test_a_broken_key_is_told_when_its_system_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text("a ssh-ed25519 AAAA\n")
    with pytest.raises(UserError, match="broken key for a"):
        KnownHosts.load(tmp_path / "known_hosts").trusted_keys("a", 22)


def test_a_missing_file_trusts_nobody(tmp_path: Path) -> None:
    assert KnownHosts.load(tmp_path / "none").for_asyncssh("a", 22) == ([], [], [])


def test_ten_thousand_systems_are_loaded_and_looked_up_at_once(tmp_path: Path) -> None:
    path, one = tmp_path / "known_hosts", key()
    record_all(path, [(f"127.30.{n // 250}.{n % 250}", 2020, one) for n in range(10_000)])
    began = time.process_time()
    known = KnownHosts.load(path)
    loaded_s = time.process_time() - began
    began = time.process_time()
    for n in range(1000):
        assert known.trusted_keys(f"127.30.0.{n % 250}", 2020)
    looked_up_s = time.process_time() - began
    assert len(known) == 10_000
    assert loaded_s < 1.0
    assert looked_up_s < 0.5, "a lookup does not read the other systems"


def _record_some(path: Path, worker: int) -> None:
    public = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
    for number in range(10):
        record(path, f"w{worker}-{number}", 2020, public)


def test_operators_who_enrol_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_record_some, args=(path, worker)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(KnownHosts.load(path)) == 40


async def test_a_scan_shows_the_key_of_a_real_server() -> None:
    private = asyncssh.generate_private_key("ssh-ed25519")
    async with await asyncssh.listen("127.0.0.1", 0, server_host_keys=[private]) as server:
        scanned = await scan("127.0.0.1", server.get_port())
    assert scanned.key == private.convert_to_public()
    assert scanned.fingerprint == fingerprint(private.convert_to_public())


async def test_a_scan_of_a_server_with_several_keys_asks_for_the_recorded_type() -> None:
    keys = [asyncssh.generate_private_key(kind) for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256")]
    async with await asyncssh.listen("127.0.0.1", 0, server_host_keys=keys) as server:
        scanned = await scan("127.0.0.1", server.get_port(), algorithms=("ecdsa-sha2-nistp256",))
    assert scanned.key == keys[1].convert_to_public()


async def test_a_scan_of_what_is_silent_closed_or_no_ssh_ends_in_a_sentence() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    silent, web = [await asyncio.start_server(each, "127.0.0.1", 0) for each in (say_nothing, speak_http)]
    port, web_port = (each.sockets[0].getsockname()[1] for each in (silent, web))
    began = time.monotonic()
    assert "no answer within 0.5 s" in (await scan("127.0.0.1", port, limit_s=0.5)).detail
    assert time.monotonic() - began < 3
    assert "not an SSH server" in (await scan("127.0.0.1", web_port, limit_s=5)).detail
    silent.close()
    web.close()
    await silent.wait_closed()
    assert "cannot be reached" in (await scan("127.0.0.1", port, limit_s=5)).detail
    assert "cannot be reached" in (await scan("no-such-host.invalid", 22, limit_s=5)).detail
