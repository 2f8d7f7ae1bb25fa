"""The swarm's process: ``python -m deployments.lab.swarm.server CONFIG.json``.

It listens on every system's own address (never on a wildcard), writes READY beside the start-up file when all of them
do, and ends on SIGTERM. The listening sockets are plain ones: asyncssh's server object is made for a connection that
has come, so that ten thousand idle systems cost ten thousand sockets and nothing else.
"""
from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Awaitable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import asyncssh
import uvloop
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deployments.lab.detached import Place
from deployments.lab.spec import SwarmDatabase
from deployments.lab.swarm.answers import Speaker
from deployments.lab.swarm.config import SwarmConfig
from deployments.lab.swarm.control import MODULE
from deployments.lab.swarm.draw import draw
from deployments.lab.swarm.faults import Fault, FaultKind
from deployments.lab.swarm.session import ShellChannel
from deployments.lab.swarm.traits import Traits
from deployments.lab.swarm.tunnel import Tunnel

BANNER = "OpenSSH_8.4p1 Debian-5+deb11u3"
BACKLOG = 128
KEPT_OPTIONS = 1_024        # 11 kB each
SILENT_FROM_THE_START = (FaultKind.HANG_BANNER, FaultKind.HANG_KEX)
log = logging.getLogger("uplift.swarm")


class Silence(asyncssh.SSHTCPSession[bytes]):
    """A tunnel that opens and leads nowhere: a database that accepts and never greets."""


class Farewell(asyncssh.SSHTCPSession[bytes]):
    """A tunnel that opens and is closed at once: a database that goes away as it is asked for."""

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        self._chan = chan

    def session_started(self) -> None:
        self._chan.close()


class Login(asyncssh.SSHServer):
    """One connection to one system."""

    def __init__(self, traits: Traits, database: SwarmDatabase, fault: Fault | None) -> None:
        self._traits = traits
        self._database = database
        self._fault = fault
        self._lost = asyncio.Event()
        self._frozen = False

    def _has(self, kind: FaultKind) -> bool:
        return self._fault is not None and self._fault.kind is kind

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()

    async def begin_auth(self, username: str) -> bool:
        if self._has(FaultKind.HANG_AUTH):
            await self._lost.wait()
        return True

    def public_key_auth_supported(self) -> bool:
        return True     # also where no key is accepted, as sshd says it

    async def session_requested(self) -> ShellChannel:
        if self._frozen or self._has(FaultKind.HANG_CHANNEL):
            await self._lost.wait()
        await self._pause()
        database = self._database
        if self._has(FaultKind.WRONG_LOGIN):
            database = replace(database, password="as it was before somebody changed it")  # noqa: S106  (it is wrong)
        return ShellChannel(Speaker(self._traits, database), self._fault, self._freeze)

    def _freeze(self) -> None:
        self._frozen = True

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> asyncssh.SSHTCPSession[bytes] | Awaitable[asyncssh.SSHTCPSession[bytes]]:
        """A tunnel to the system's own database goes to the real one that plays its part; no other is opened."""
        own = {self._traits.mysql_host, "127.0.0.1", "localhost"}       # a host name or what it stands for
        if dest_host not in own or dest_port != self._traits.mysql_port:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, f"{dest_host}:{dest_port} is not this system's database"
            )
        if self._has(FaultKind.MYSQL_GONE):
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "Connection refused")
        if self._has(FaultKind.MYSQL_LOST):
            return Farewell()
        return Silence() if self._frozen or self._has(FaultKind.HANG_MYSQL) else self._forward()

    async def _forward(self) -> Tunnel:
        await self._pause()
        behind_s = self._fault.latency_ms / 1000 if self._fault and self._has(FaultKind.MYSQL_SLOW) else 0.0
        return await Tunnel.to(self._database.address, self._database.port, behind_s)

    async def _pause(self) -> None:
        if self._fault and self._has(FaultKind.LATENCY):
            await asyncio.sleep(self._fault.latency_ms / 1000)


class Swarm:
    """All systems of one start-up file."""

    def __init__(self, config: SwarmConfig) -> None:
        self._config = config
        self._faults = config.parsed_faults()
        self._loop = asyncio.get_running_loop()
        self._listeners: dict[int, socket.socket] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._keys = asyncssh.import_authorized_keys(config.authorized_keys)
        self._options = lru_cache(KEPT_OPTIONS)(self._make_options)

    def listen(self) -> None:
        """Open one listening socket a system. Raises OSError where an address is taken or files run out."""
        for number in self._config.numbers():
            fault = self._faults.get(number)
            if fault and fault.kind is FaultKind.REFUSE:
                continue
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            self._listeners[number] = listener
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            address = self._config.address(number), self._config.port
            try:
                listener.bind(address)
                listener.listen(BACKLOG)
            except OSError as error:
                raise OSError(error.errno, f"{address[0]}:{address[1]} cannot be used, {error.strerror}") from error
            self._loop.add_reader(listener, self._accept, number, listener)

    def close(self) -> None:
        for listener in self._listeners.values():
            self._loop.remove_reader(listener)
            listener.close()

    def _accept(self, number: int, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError as error:        # the caller has gone again, or this process has no file left for it
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._loop.remove_reader(listener)
                self._loop.call_later(0.1, self._loop.add_reader, listener, self._accept, number, listener)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._connected(number, connection))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connected(self, number: int, connection: socket.socket) -> None:
        fault = self._faults.get(number)
        try:
            if fault and fault.kind is FaultKind.LATENCY:
                await asyncio.sleep(fault.latency_ms / 1000)
            if fault and fault.kind in SILENT_FROM_THE_START:
                await self._say_nothing(connection, fault.kind)
            else:
                options = self._options(number)
                await self._loop.connect_accepted_socket(
                    lambda: asyncssh.SSHServerConnection(self._loop, options), connection
                )
        except OSError:
            connection.close()

    async def _say_nothing(self, connection: socket.socket, kind: FaultKind) -> None:
        with connection:
            if kind is FaultKind.HANG_KEX:
                await self._loop.sock_sendall(connection, f"SSH-2.0-{BANNER}\r\n".encode())
            while await self._loop.sock_recv(connection, 4096):
                pass

    def _make_options(self, number: int) -> asyncssh.SSHServerConnectionOptions:
        """Made at a connection and kept for the next ones: 0.1 ms, of which the key takes half."""
        fault = self._faults.get(number)
        traits = draw(self._config.seed, number)
        database = self._config.database(traits.database_draw)
        key = self._config.host_key(number, changed=bool(fault and fault.kind is FaultKind.CHANGED_KEY))
        return asyncssh.SSHServerConnectionOptions(
            server_factory=partial(Login, traits, database, fault),
            server_host_keys=[
                asyncssh.import_private_key(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
            ],
            authorized_client_keys=None if fault and fault.kind is FaultKind.DENY else self._keys,
            server_version=BANNER,
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            allow_pty=False,
            agent_forwarding=False,
            allow_scp=False,
            compression_algs=None,
            encoding=None,
            login_timeout=600,      # a hung login is the client's to end
        )


async def serve(config: SwarmConfig, place: Place) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    swarm = Swarm(config)
    try:
        swarm.listen()
        gc.collect()
        gc.freeze()
        place.write_ready()
        await stop.wait()
    finally:
        swarm.close()


def main(path: Path) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    place = Place(path.parent, MODULE)
    place.write_pid(os.getpid())
    try:
        config = SwarmConfig.load(path)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        uvloop.run(serve(config, place))
    except (OSError, ValueError, asyncssh.KeyImportError) as error:
        reason = getattr(error, "strerror", None) or error
        log.error("the swarm cannot serve: %s", reason)     # control.py hands the last line of the log on
        return 1
    finally:
        place.forget_process(os.getpid())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
