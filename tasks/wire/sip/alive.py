"""Whether a PBX is alive, seen from outside, and since when: what the downtime of an upgrade is measured by."""
from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from tasks.model.call import Transport
from tasks.wire.sip.exchange import exchange
from tasks.wire.sip.message import options

ALIVE = frozenset({200, 401, 404})      # answers to OPTIONS of a PBX that works (observed)


@dataclass(frozen=True, slots=True)
class Alive:
    """One look. ``status`` is the answer to OPTIONS, None where there was none (or for a TCP look)."""

    up: bool
    at: datetime
    elapsed_ms: float
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The PBX went up or down. ``at`` is the begin of the first look that saw it so; ``lasted_s`` how long it had been
    the other way round, None for the first state that was seen.
    """

    up: bool
    at: datetime
    lasted_s: float | None
    status: int | None = None


Look = Callable[[], Awaitable[Alive]]
Clock = Callable[[], datetime]


def now() -> datetime:
    return datetime.now(UTC)


async def ask_options(
    host: str, port: int = 5060, transport: Transport = Transport.UDP, limit_s: float = 2.0, clock: Clock = now
) -> Alive:
    """One OPTIONS. Never raises for what the network or the PBX does."""
    at, began = clock(), time.perf_counter()
    answer = await exchange(host, port, transport, lambda local: options(host, port, transport, local), limit_s)
    status = answer.status if answer else None
    return Alive(status in ALIVE, at, _since(began), status)


async def connect_tcp(host: str, port: int, limit_s: float = 2.0, clock: Clock = now) -> Alive:
    """Whether something takes TCP connections there."""
    at, began = clock(), time.perf_counter()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
        return Alive(True, at, _since(began))
    return Alive(False, at, _since(began))


async def watch(
    host: str, port: int = 5060, interval_s: float = 0.5, transport: Transport = Transport.UDP,
    look: Look | None = None, losses: int = 2,
) -> AsyncGenerator[Change, None]:
    """Yield the first state, then each change, for ever: the caller decides when to stop.

    ``losses`` looks in a row without a sign of life make it down, so that a single lost packet does not; the change
    bears the time of the first of them. Any sign of life makes it up at once.
    """
    async def ask() -> Alive:
        return await ask_options(host, port, transport, limit_s=max(interval_s, 0.2))

    known: Change | None = None
    missing: list[Alive] = []
    while True:
        seen = await (look or ask)()
        missing = [] if seen.up else [*missing[:losses], seen]
        begun = seen if seen.up else missing[0]
        sure = seen.up or known is None or len(missing) >= losses
        if sure and (known is None or known.up != seen.up):
            lasted = (begun.at - known.at).total_seconds() if known else None
            known = Change(seen.up, begun.at, lasted, seen.status)
            yield known
        await asyncio.sleep(max(0.0, interval_s - seen.elapsed_ms / 1000))


async def wait_alive(
    host: str, port: int = 5060, limit_s: float = 300.0, interval_s: float = 0.5, transport: Transport = Transport.UDP
) -> Change | None:
    """The first sign of life, or None within ``limit_s``."""
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s), aclosing(watch(host, port, interval_s, transport)) as changes:
            async for change in changes:
                if change.up:
                    return change
    return None


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
