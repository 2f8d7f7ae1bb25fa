"""What every request passes before a route sees it: its size, its sender's pace, and headers for the answer."""
from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_BODY = 64 * 1024
PER_MINUTE = 120                # requests of one address
MOST_ADDRESSES = 10_000         # that are remembered
BODY_WITHIN_S = 15.0
HEADERS = (                     # of every answer; a route that needs another policy sets that header itself
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Pace:
    """A bucket for each address that fills evenly; the addresses longest unseen are forgotten."""

    def __init__(self, per_minute: int = PER_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = per_minute, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """0 where the request may pass, else the seconds until the next one may."""
        now = self._clock()
        left, at = self._buckets.pop(address, (float(self._most), now))
        left = min(self._most, left + (now - at) * self._most / 60)
        passes = left >= 1
        self._buckets[address] = (left - 1 if passes else left, now)
        while len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return 0.0 if passes else (1 - left) * 60 / self._most


class Guarded:
    """The application behind the guards, as ASGI. A body is never read further than ``longest``."""

    def __init__(self, app: App, *, longest: int = LONGEST_BODY, pace: Pace | None = None) -> None:
        self._app, self._longest, self._pace = app, longest, pace or Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        answer = _with_headers(send)
        wait_s = self._pace.wait_s((scope.get("client") or ("", 0))[0])
        if wait_s:
            return await _refuse(answer, 429, "too many requests", ((b"retry-after", str(int(wait_s) + 1).encode()),))
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or len(told) > 12 or int(told) > self._longest:
            return await _refuse(answer, 413, f"a request has at most {self._longest} bytes")
        read = await self._read(receive)
        if read is None:                    # where the sender is gone, nobody reads the answer
            return await _refuse(answer, 413, f"a request has at most {self._longest} bytes")
        return await self._app(scope, _given(read, receive), answer)

    async def _read(self, receive: Receive) -> bytes | None:
        """The whole body; None where it is too long, whatever its header says, comes too slowly, or not to its end."""
        body, ends_at = bytearray(), time.monotonic() + BODY_WITHIN_S
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._longest or time.monotonic() > ends_at or message["type"] != "http.request":
                return None
            if not message.get("more_body"):
                return bytes(body)


def _given(body: bytes, receive: Receive) -> Receive:
    told = False

    async def once() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = message.get("headers", ())
            told = {name.lower() for name, _ in own}
            message = {**message, "headers": [*own, *(each for each in HEADERS if each[0] not in told)]}
        await send(message)

    return sent


async def _refuse(send: Send, status: int, why: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    body = f'{{"error": {{"code": "refused", "message": "{why}"}}}}'.encode()
    kind = (b"content-type", b"application/json")
    await send({"type": "http.response.start", "status": status,
                "headers": [kind, (b"content-length", str(len(body)).encode()), *headers]})
    await send({"type": "http.response.body", "body": body})
