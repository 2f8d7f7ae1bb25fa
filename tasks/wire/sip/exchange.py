"""One request to a SIP server and its answer, over UDP (sent again as RFC 3261 says) or TCP."""
from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from tasks.model.call import Transport
from tasks.wire.sip.message import Message, bracketed, parse

_T1_S = 0.5                     # RFC 3261: the first wait before a request is sent again
_MOST_BYTES = 65_535

Build = Callable[[str], tuple[str, bytes]]      # local host:port -> Call-ID and request


async def exchange(host: str, port: int, transport: Transport, build: Build, limit_s: float) -> Message | None:
    """The final answer to the request, or None within ``limit_s``: no route, refused, silent or not SIP."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(limit_s):
            if transport is Transport.TCP:
                return await _over_tcp(host, port, build)
            return await _over_udp(host, port, build)
    return None


async def local_address(host: str, port: int) -> str:
    """From which of this machine's addresses ``host`` is reached. Raises OSError where there is no way to it."""
    loop = asyncio.get_running_loop()
    family, _, _, _, where = (await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM))[0]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(where)                    # a UDP socket's connect sends nothing
        return str(probe.getsockname()[0])


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.arrived: asyncio.Queue[str | None] = asyncio.Queue(100)

    def datagram_received(self, data: bytes, addr: object) -> None:
        with suppress(asyncio.QueueFull):
            self.arrived.put_nowait(data.decode("utf-8", "replace"))

    def error_received(self, exc: Exception) -> None:
        """The far end has no such port (ICMP): the request is sent again all the same, as a PBX may be starting."""


async def _over_udp(host: str, port: int, build: Build) -> Message | None:
    loop = asyncio.get_running_loop()
    channel, datagrams = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(host, port))
    try:
        local_host, local_port = channel.get_extra_info("sockname")[:2]
        call_id, request = build(f"{bracketed(local_host)}:{local_port}")
        wait_s = _T1_S
        while True:
            channel.sendto(request)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    while True:
                        answer = parse(await datagrams.arrived.get() or "")
                        if _is_final(answer, call_id):
                            return answer
            wait_s = min(2 * wait_s, 4.0)
    finally:
        channel.close()


async def _over_tcp(host: str, port: int, build: Build) -> Message | None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        local_host, local_port = writer.get_extra_info("sockname")[:2]
        call_id, request = build(f"{bracketed(local_host)}:{local_port}")
        writer.write(request)
        await writer.drain()
        received = b""
        while len(received) < _MOST_BYTES and (piece := await reader.read(4096)):
            received += piece
            while b"\r\n\r\n" in received:
                head, _, received = received.partition(b"\r\n\r\n")
                answer = parse(head.decode("utf-8", "replace"))
                if _is_final(answer, call_id):
                    return answer
        return None
    finally:
        writer.close()


def _is_final(answer: Message | None, call_id: str) -> bool:
    return (
        answer is not None and answer.status is not None and answer.status >= 200
        and answer.headers.get("call-id") == call_id
    )
