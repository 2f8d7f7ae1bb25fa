"""A tunnel from an SSH channel to a TCP port, in which a far end may speak first, as MySQL does.

asyncssh's own forwarder loses what arrives between the TCP connection and the opening of the channel (2.24.1).
"""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import asyncssh


class Tunnel(asyncssh.SSHTCPSession[bytes]):
    """The near end. What comes from the far one before the channel stands waits here."""

    def __init__(self, behind_s: float = 0.0) -> None:
        self._behind_s = behind_s
        self._far: asyncio.Transport | None = None
        self._chan: asyncssh.SSHTCPChannel[bytes] | None = None
        self._early = bytearray()
        self._early_eof = False

    @classmethod
    async def to(cls, address: str, port: int, behind_s: float = 0.0) -> Tunnel:
        """What the far end says comes ``behind_s`` later. Raises ChannelOpenError where nothing answers there."""
        tunnel = cls(behind_s)
        try:
            await asyncio.get_running_loop().create_connection(lambda: _FarEnd(tunnel), address, port)
        except OSError as error:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, str(error)) from None
        return tunnel

    def far_connected(self, transport: asyncio.Transport) -> None:
        self._far = transport

    def in_time(self, say: Callable[[], None]) -> None:
        """Do it at once, or as much later as the far end is behind; always in the order in which it came."""
        if self._behind_s:
            asyncio.get_running_loop().call_later(self._behind_s, say)
        else:
            say()

    def far_said(self, data: bytes) -> None:
        if self._chan:
            self._chan.write(data)
        else:
            self._early += data

    def far_ended(self) -> None:
        if self._chan:
            self._chan.write_eof()
        else:
            self._early_eof = True

    def far_lost(self) -> None:
        self._far = None
        if self._chan:
            self._chan.close()

    def far_is_full(self, full: bool) -> None:
        if self._chan and full:
            self._chan.pause_reading()
        elif self._chan:
            self._chan.resume_reading()

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        self._chan = chan

    def session_started(self) -> None:
        assert self._chan
        if self._early:
            self._chan.write(bytes(self._early))
            self._early.clear()
        if self._early_eof:
            self._chan.write_eof()
        if self._far is None:
            self._chan.close()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self._far:
            self._far.write(data)

    def eof_received(self) -> bool:
        if self._far:
            self._far.write_eof()
        return True

    def pause_writing(self) -> None:
        if self._far:
            self._far.pause_reading()

    def resume_writing(self) -> None:
        if self._far:
            self._far.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._chan = None
        if self._far:
            self._far.close()


class _FarEnd(asyncio.Protocol):
    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._tunnel.far_connected(cast("asyncio.Transport", transport))      # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        self._tunnel.in_time(lambda: self._tunnel.far_said(data))

    def eof_received(self) -> bool:
        self._tunnel.in_time(self._tunnel.far_ended)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._tunnel.in_time(self._tunnel.far_lost)

    def pause_writing(self) -> None:
        self._tunnel.far_is_full(True)

    def resume_writing(self) -> None:
        self._tunnel.far_is_full(False)
