"""A login is strict about the host key, bounded in time, and every failure has one name."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import asyncssh
import pytest

from tasks.model.answer import Contact, ContactState
from tasks.model.fleet import System
from tasks.model.sweep import Limits
from tasks.wire.credentials import Credential
from tasks.wire.known_hosts import fingerprint
from tasks.wire.ssh import Login, NoContact, connect

QUICK = Limits(connect_s=1.0, login_s=1.0, shell_s=5.0, sql_s=5.0, total_s=10.0)
HOST = "127.0.77.3"


async def refusal(system: System, login: Login, limits: Limits = QUICK) -> Contact:
    began = time.monotonic()
    with pytest.raises(NoContact) as refused:
        async with connect(system, login, limits):
            pytest.fail("it was logged in to")
    assert time.monotonic() - began < limits.connect_s + limits.login_s + 1
    assert refused.value.contact.detail
    return refused.value.contact


async def test_a_known_system_is_logged_in_to(real_sshd: Any, make_system: Callable[..., System]) -> None:
    system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
    async with connect(system, real_sshd.login, QUICK) as connection:
        ran = await connection.run("echo $((6 * 7))")
    assert ran.stdout == "42\n"


async def test_a_changed_key_is_told_and_not_logged_in_to(servers: Any, make_system: Callable[..., System]) -> None:
    new_key = asyncssh.generate_private_key("ssh-ed25519")
    port = await servers.ssh(lambda process: process.exit(0), new_key)
    contact = await refusal(make_system(HOST, port), servers.login)
    assert contact.state is ContactState.KEY_CHANGED
    assert contact.host_key == fingerprint(new_key)
    assert contact.expected_host_key == fingerprint(servers.host_key)
    assert servers.logins == 0


async def test_a_key_of_another_kind_is_a_changed_key(servers: Any, make_system: Callable[..., System]) -> None:
    new_key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    port = await servers.ssh(lambda process: process.exit(0), new_key)
    contact = await refusal(make_system(HOST, port), servers.login)
    assert (contact.state, contact.host_key) == (ContactState.KEY_CHANGED, fingerprint(new_key))
    assert servers.logins == 0


async def test_a_system_that_was_never_enrolled_is_not_logged_in_to(
    real_sshd: Any, make_system: Callable[..., System]
) -> None:
    login = Login.of(Credential("inspect", key=real_sshd.key), [])
    contact = await refusal(make_system(real_sshd.host, real_sshd.port, real_sshd.user), login)
    assert (contact.state, contact.host_key) == (ContactState.KEY_UNKNOWN, fingerprint(real_sshd.host_key))
    assert "uplift fleet enroll" in contact.detail


async def test_one_of_several_trusted_keys_suffices(real_sshd: Any, make_system: Callable[..., System]) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
    login = Login.of(Credential("inspect", key=real_sshd.key), [other, real_sshd.host_key])
    async with connect(make_system(real_sshd.host, real_sshd.port, real_sshd.user), login, QUICK) as connection:
        assert connection.get_server_host_key() == real_sshd.host_key


async def test_a_refused_credential(real_sshd: Any, make_system: Callable[..., System]) -> None:
    stranger = Credential("inspect", key=asyncssh.generate_private_key("ssh-ed25519"))
    system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
    assert (await refusal(system, Login.of(stranger, [real_sshd.host_key]))).state is ContactState.AUTH_FAILED


async def test_an_agent_that_is_not_there(real_sshd: Any, make_system: Callable[..., System]) -> None:
    nobody = Credential("inspect", agent_path="/nonexistent/agent")
    system = make_system(real_sshd.host, real_sshd.port, real_sshd.user)
    assert (await refusal(system, Login.of(nobody, [real_sshd.host_key]))).state is ContactState.NO_CREDENTIAL


async def test_a_closed_port(servers: Any, make_system: Callable[..., System]) -> None:
    assert (await refusal(make_system("127.0.77.99", 2020), servers.login)).state is ContactState.REFUSED


async def test_a_name_that_does_not_exist(servers: Any, make_system: Callable[..., System]) -> None:
    patient = QUICK.model_copy(update={"connect_s": 9.0})
    contact = await refusal(make_system("no-such-host.invalid", 2020), servers.login, patient)
    assert contact.state is ContactState.REFUSED


async def _hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def _stalls_after_its_banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await asyncio.sleep(30)


async def _trickles_a_banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for _ in range(300):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("fault", [_hangs, _stalls_after_its_banner, _trickles_a_banner])
async def test_a_server_that_stalls_in_the_login(servers: Any, make_system: Callable[..., System], fault: Any) -> None:
    contact = await refusal(make_system(HOST, await servers.raw(fault)), servers.login)
    assert contact.state is ContactState.TIMED_OUT
    assert "did not finish the login within 1 s" in contact.detail


async def test_an_address_where_nothing_answers(servers: Any, make_system: Callable[..., System]) -> None:
    """A listener whose queue is full drops new connections, as a firewall would."""
    import socket

    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind((HOST, 0))
        full.listen(0)
        for other in (first, second):
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        contact = await refusal(make_system(HOST, full.getsockname()[1]), servers.login)
    assert contact.state is ContactState.TIMED_OUT
    assert "did not answer within 1 s" in contact.detail


async def _talks_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200)


async def _sends_rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-x\r\n" + bytes(range(256)) * 40)
    await writer.drain()


async def _hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.mark.parametrize("fault", [_talks_http, _sends_rubbish, _hangs_up])
async def test_a_server_that_drops_the_connection(servers: Any, make_system: Callable[..., System], fault: Any) -> None:
    contact = await refusal(make_system(HOST, await servers.raw(fault)), servers.login)
    assert contact.state is ContactState.DROPPED


async def test_a_server_that_stalls_in_authentication(servers: Any, make_system: Callable[..., System]) -> None:
    class Slow(asyncssh.SSHServer):
        async def begin_auth(self, username: str) -> bool:
            await asyncio.sleep(30)
            return True

    listener = await asyncssh.listen(HOST, 0, server_factory=Slow, server_host_keys=[servers.host_key])
    try:
        contact = await refusal(make_system(HOST, listener.get_port()), servers.login)
    finally:
        listener.close()
    assert contact.state is ContactState.TIMED_OUT


async def test_a_server_that_wants_to_send_packed_data_is_not_logged_in_to(
    servers: Any, make_system: Callable[..., System]
) -> None:
    """A megabyte of zeros is a kilobyte on the wire: what a system sends must stay bounded by what it sends."""
    port = await servers.ssh(lambda process: process.exit(0), compression_algs=["zlib@openssh.com"])
    contact = await refusal(make_system(HOST, port), servers.login)
    assert (contact.state, servers.logins) == (ContactState.DROPPED, 0)


async def test_a_name_that_dns_cannot_hold(servers: Any, make_system: Callable[..., System]) -> None:
    for host in ("pbx..example", f"{'x' * 70}.example"):
        assert (await refusal(make_system(host, 2020), servers.login)).state is ContactState.REFUSED
        unknown = await refusal(make_system(host, 2020), Login.of(servers.login.credential, []))
        assert (unknown.state, unknown.host_key) == (ContactState.KEY_UNKNOWN, None)
