"""Following a run that goes on whether anybody looks or not: connections come and go, the story stays the same."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress

import asyncssh
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from tasks.model.answer import Answer, Silence
from tasks.model.errors import UserError
from tasks.model.profile import Profile
from tasks.model.upgrade import Evidence, NotStarted, Progress, UpgradeStatus
from tasks.rules.upgrade_state import judge_status
from tasks.wire.ssh import NoContact
from tasks.wire.upgrader.evidence import judged, questions
from tasks.wire.upgrader.journal import ask, log_of, log_question, stages_of, stages_question

EVERY_S = 2.0
RETRY_FIRST_S = 1.0
RETRY_MOST_S = 30.0
_CLOSE_S = 3.0                  # a connection whose far end is gone need not be closed politely

Connect = Callable[[], AbstractAsyncContextManager[asyncssh.SSHClientConnection]]
Sleep = Callable[[float], Awaitable[None]]


class _Lost(Exception):
    """There is no connection; the message says why."""


async def follow(
    connect: Connect,
    profile: Profile,
    run_id: str,
    *,
    offset: int = 0,
    every_s: float = EVERY_S,
    sleep: Sleep = asyncio.sleep,
) -> AsyncIterator[Progress]:
    """What happens to a run, from ``offset`` bytes of its log on, until it has exited or died.

    A lost connection is told once for each attempt to come back (``Progress.lost``) and never ends the following: it
    comes back for ever, at most ``RETRY_MOST_S`` apart. It also ends where the run never began, which a restore of the
    system can bring about. Close it with ``contextlib.aclosing``. Raises UserError for a profile without an upgrader.
    """
    questions(profile, run_id)              # refused at once, not as a lost connection
    async with AsyncExitStack() as stack:
        line = _Line(connect, stack)
        while True:
            retrying = AsyncRetrying(
                retry=retry_if_exception_type(_Lost), sleep=sleep,
                wait=wait_exponential(multiplier=RETRY_FIRST_S, max=RETRY_MOST_S),
            )
            async for attempt in retrying:
                with attempt:
                    progress = await _look(line, profile, run_id, offset)
                outcome = attempt.retry_state.outcome
                if outcome is not None and outcome.failed:
                    yield _lost(run_id, offset, str(outcome.exception()))
            more = progress.offset > offset
            offset = progress.offset
            over = progress.status.over or isinstance(progress.status.state, NotStarted)
            yield progress
            if over and not more:
                return
            if not over:
                await sleep(every_s)


class _Line:
    """The connection of the moment, opened where there is none."""

    def __init__(self, connect: Connect, stack: AsyncExitStack) -> None:
        self._connect = connect
        self._stack = stack
        self._connection: asyncssh.SSHClientConnection | None = None

    async def open(self) -> asyncssh.SSHClientConnection:
        if self._connection is None or self._connection.is_closed():
            await self.drop()
            try:
                self._connection = await self._stack.enter_async_context(self._connect())
            except (NoContact, UserError, asyncssh.Error, OSError, TimeoutError) as error:
                raise _Lost(str(error) or type(error).__name__) from error
        return self._connection

    async def drop(self) -> None:
        self._connection = None
        with suppress(asyncssh.Error, OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._stack.aclose()


async def _look(line: _Line, profile: Profile, run_id: str, offset: int) -> Progress:
    connection = await line.open()
    asked = (*questions(profile, run_id), stages_question(profile, run_id), log_question(profile, run_id, offset))
    told: dict[str, Answer | Silence] = {}
    await ask(connection, asked, told)
    status = judged(run_id, told)
    if status.evidence.gap and not isinstance(told.get("journal"), Answer):
        await line.drop()                   # closed, or hanging: a new one tells
        raise _Lost(status.evidence.gap)
    if connection.is_closed() and not isinstance(told.get("log"), Answer):
        await line.drop()                   # cut between the two: the run may be over, and its last lines not yet read
        raise _Lost("the connection ended before the log was read")
    lines, offset = log_of(told.get("log"), offset, over=status.over)
    return Progress(status=status, lines=lines, stages=stages_of(told.get("stages")), offset=offset)


def _lost(run_id: str, offset: int, why: str) -> Progress:
    seen = Evidence(gap=f"the connection is lost: {why}")
    status = UpgradeStatus(run_id=run_id, state=judge_status(seen), evidence=seen)
    return Progress(status=status, offset=offset, lost=why)
