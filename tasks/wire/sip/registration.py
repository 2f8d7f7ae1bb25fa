"""When a registration that failed is tried again: seldom, and only where waiting can help."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential

from tasks.model.call import CallLimits

# 403 while a PBX has not read its configuration yet, 500 and 503 while it starts. Never 401: the secret is wrong.
PASSING = frozenset({403, 500, 503})


class NotRegistered(Exception):
    """One attempt failed. ``status`` is the final answer, None where there was none."""

    def __init__(self, status: int | None, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason

    @property
    def may_pass(self) -> bool:
        return self.status is None or self.status in PASSING


async def register(
    attempt: Callable[[], Awaitable[None]], limits: CallLimits,
    clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Call ``attempt`` until it does not raise NotRegistered; raises the last one when time or hope has run out."""
    started = clock()

    def too_late(state: RetryCallState) -> bool:
        return clock() - started + state.upcoming_sleep > limits.register_budget_s

    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, NotRegistered) and error.may_pass),
        wait=wait_exponential(multiplier=limits.retry_first_s, max=limits.retry_most_s),
        stop=too_late, sleep=sleep, reraise=True,
    )
    await retrying(attempt)
