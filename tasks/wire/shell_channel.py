"""The shell questions of one visit asked over one SSH connection: normally on one channel.

A question that stalls beyond its limit (a process in uninterruptible sleep survives even SIGKILL) costs only itself:
its channel is closed, and those that were not begun are asked on a new one.
"""
from __future__ import annotations

import asyncio
import secrets
from collections.abc import MutableMapping
from enum import Enum, auto

import asyncssh

from tasks.model.answer import Answer, Silence, Why
from tasks.wire.shell import COMMAND, Question, compose
from tasks.wire.splitter import Splitter, timed_out

START_S = 10.0                  # for a shell to start
MOST_CHANNELS = 4
QUESTION_BYTES = 256_000
_LATE_STDERR_S = 0.5

Told = MutableMapping[str, Answer | Silence]


class _Ending(Enum):
    """Why a channel ended."""

    DONE = auto()
    STALLED = auto()
    LATE = auto()
    LOST = auto()
    FLOODED = auto()
    NO_SHELL = auto()


_WHY_NOT_ASKED = {
    _Ending.DONE: "the system's shell passed it over",
    _Ending.STALLED: f"{MOST_CHANNELS} questions before it stalled",
    _Ending.LATE: "the time for this system was over before its turn",
    _Ending.LOST: "the connection ended before its turn",
    _Ending.FLOODED: "the system sent more than is read of one system before its turn",
    _Ending.NO_SHELL: "the system opened no shell for the questions",
}


class _Session(asyncssh.SSHClientSession[bytes]):
    """Feeds the splitter; ``moved`` is set at each mark, at the end, and when too much has come."""

    def __init__(self, splitter: Splitter, most_bytes: int) -> None:
        self._splitter = splitter
        self._most_bytes = most_bytes
        self._place: tuple[int, str | None, bool, bool] = (0, None, False, False)
        self.moved = asyncio.Event()
        self.closed = False

    @property
    def flooded(self) -> bool:
        return self._splitter.received_bytes > self._most_bytes

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self.flooded:
            return
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            self._splitter.feed(stderr=data)
        else:
            self._splitter.feed(stdout=data)
        place = (self._splitter.ended, self._splitter.open, self._splitter.told_all, self._splitter.done)
        if place != self._place or self.flooded:
            self._place = place
            self.moved.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.moved.set()


async def ask_all(
    connection: asyncssh.SSHClientConnection,
    questions: tuple[Question, ...],
    told: Told,
    *,
    until: float,
    max_bytes: int,
) -> None:
    """Put an Answer or a Silence into ``told`` for each question, as they come; raises nothing for what a system does.

    ``until`` is a time of the loop's clock, ``max_bytes`` bounds all that is read.
    """
    waiting = questions
    for _ in range(MOST_CHANNELS):
        splitter = Splitter(secrets.token_hex(16), waiting, min(max_bytes, QUESTION_BYTES))
        ending = await _one_channel(connection, splitter, waiting, told, until, max_bytes)
        waiting = splitter.unbegun()
        max_bytes -= splitter.received_bytes
        if not waiting or ending is not _Ending.STALLED:
            break
    for question in waiting:
        told[question.name] = Silence(why=Why.NOT_ASKED, detail=_WHY_NOT_ASKED[ending])


async def _one_channel(
    connection: asyncssh.SSHClientConnection,
    splitter: Splitter,
    questions: tuple[Question, ...],
    told: Told,
    until: float,
    max_bytes: int,
) -> _Ending:
    channel, ending = None, _Ending.LATE
    try:
        session = _Session(splitter, max_bytes)
        async with asyncio.timeout_at(min(until, _now() + START_S)):
            channel, _ = await connection.create_session(lambda: session, COMMAND, encoding=None)
        channel.write(compose(questions, splitter.nonce, min(max_bytes, QUESTION_BYTES)).encode())
        channel.write_eof()
        ending = await _follow(session, splitter, {question.name: question for question in questions}, until)
    except TimeoutError:
        ending = _Ending.NO_SHELL
    except (asyncssh.Error, OSError):
        ending = _Ending.LOST if connection.is_closed() else _Ending.NO_SHELL
    finally:
        if channel is not None:
            channel.abort()
        told.update(splitter.answers(_cut_off(splitter, questions, ending)))
    return ending


async def _follow(session: _Session, splitter: Splitter, asked: dict[str, Question], until: float) -> _Ending:
    """Wait from mark to mark, each question as long as it may take."""
    limit = _now() + START_S
    while not splitter.done:
        if session.flooded:
            return _Ending.FLOODED
        if session.closed:
            return _ended_by_itself(splitter)
        session.moved.clear()
        try:
            async with asyncio.timeout_at(min(limit, until)):
                await session.moved.wait()
        except TimeoutError:
            if splitter.told_all:
                return _Ending.DONE
            if _now() >= until:
                return _Ending.LATE
            return _Ending.STALLED if splitter.open or splitter.ended else _Ending.NO_SHELL
        if splitter.told_all:
            limit = _now() + _LATE_STDERR_S
        else:
            limit = _now() + (asked[splitter.open].patience_s if splitter.open in asked else START_S)
    return _Ending.DONE


def _ended_by_itself(splitter: Splitter) -> _Ending:
    if splitter.told_all:
        return _Ending.DONE
    return _Ending.LOST if splitter.open or splitter.ended else _Ending.NO_SHELL


def _cut_off(splitter: Splitter, questions: tuple[Question, ...], ending: _Ending) -> Silence:
    """What is said of the question that was open when the channel ended."""
    question = next((one for one in questions if one.name == splitter.open), None)
    if question and ending is _Ending.STALLED:
        return timed_out(question)
    if ending is _Ending.LATE:
        return Silence(why=Why.TIMED_OUT, detail="the time for this system was over before it had answered")
    if ending is _Ending.FLOODED:
        return Silence(why=Why.REFUSED, detail="its answer did not end within what is read of one system")
    return Silence(why=Why.NOT_ASKED, detail="the connection ended in the middle of its answer")


def _now() -> float:
    return asyncio.get_running_loop().time()
