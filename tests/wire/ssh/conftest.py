"""An SSH server with faults, in this process: OpenSSH's own are not to be had on demand."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import asyncssh
import pytest

from tasks.wire.credentials import Credential
from tasks.wire.ssh import Login

HOST = "127.0.77.3"
Handler = Callable[[asyncssh.SSHServerProcess[bytes]], Awaitable[None]]


class FaultyServers:
    """Starts servers on free ports and ends them after the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.logins = 0

    @property
    def login(self) -> Login:
        return Login.of(Credential("inspect", key=self.key), [self.host_key.convert_to_public()])

    async def ssh(self, handler: Handler, host_key: asyncssh.SSHKey | None = None, **options: Any) -> int:
        """An SSH server that answers each command with ``handler``; returns its port."""
        outer = self

        class Server(asyncssh.SSHServer):
            def auth_completed(self) -> None:
                outer.logins += 1

        allowed = asyncssh.import_authorized_keys(self.key.export_public_key().decode())
        listener = await asyncssh.listen(
            HOST, 0, server_factory=Server, server_host_keys=[host_key or self.host_key], process_factory=handler,
            authorized_client_keys=allowed, encoding=None, **options,
        )
        self._stack.push_async_callback(listener.wait_closed)
        self._stack.callback(listener.close)
        return int(listener.get_port())

    async def raw(self, handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> int:
        """A TCP server that speaks whatever ``handler`` speaks; returns its port."""
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                await handler(reader, writer)
            writer.close()

        server = await asyncio.start_server(handle, HOST, 0)
        self._stack.callback(server.close)
        return int(server.sockets[0].getsockname()[1])


@pytest.fixture
async def servers() -> AsyncIterator[FaultyServers]:
    async with AsyncExitStack() as stack:
        yield FaultyServers(stack)
