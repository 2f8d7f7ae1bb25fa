"""What becomes of the one call of a probe, as the SIP library reports it.

The library's own ``Call`` begins to listen only after the INVITE is out, and misses an answer that comes within the
same millisecond (seen on loopback with 0.5.2a3). This listens from before.
"""
from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from baresip import Event, StackEvent


@dataclass
class Progress:
    """Subscribe ``hear`` before dialling. ``stats`` is the library's report at the end of the call."""

    established: bool = False
    stats: dict[str, Any] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def closed(self) -> bool:
        return self.over.is_set()

    def hear(self, event: StackEvent) -> None:
        if event.event is Event.CALL_ESTABLISHED:
            self.established = True
        elif event.event is Event.CALL_CLOSED:
            self.stats = event.stats
            self.over.set()
        else:
            return
        self._turn.set()

    async def answered(self, limit_s: float) -> bool:
        """Wait until the call is answered or over; whether it was answered within ``limit_s``."""
        try:
            async with asyncio.timeout(limit_s):
                await self._turn.wait()
        except TimeoutError:
            return False
        return self.established

    def count(self, direction: str, what: str) -> int:
        """A number of the report, 0 where it has none."""
        return max(0, int(self.stats.get(direction, {}).get(what, 0)))
