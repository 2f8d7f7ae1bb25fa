"""One channel of one system: the script of questions, or a plain command, answered as the system's shell would."""
from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from functools import lru_cache

import asyncssh

from deployments.lab.swarm.answers import Speaker
from deployments.lab.swarm.faults import Fault, FaultKind
from tasks.model.answer import Answer
from tasks.wire.shell import COMMAND, KILLED_BY_TIMEOUT, Question, asked, done, framed

MOST_SCRIPT_BYTES = 1 << 20
_NOT_UTF8 = b"\xff\xfe caf\xe9 \x80\x81\n"
_FLOOD = b"and so on and so forth " * 2048
_BOMB_HOLDS_BYTES = 100_000_000         # unpacked; packed, it fits into what is read of one answer
_STDERR = asyncssh.EXTENDED_DATA_STDERR


@lru_cache(maxsize=64)
def _questions(body: str) -> tuple[Question, ...]:
    """The questions of a script without its first line. Every system is asked the same, so it is read once."""
    return asked(f"mark={'0' * 16}\n{body}")[1]


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    return gzip.compress(bytes(_BOMB_HOLDS_BYTES), 9, mtime=0)


class ShellChannel(asyncssh.SSHServerSession[bytes]):
    """Answers ``exec``: the questions' script at the end of its stdin, a plain command at once.

    A question or command that is not known gets exit code 127. ``freeze`` makes the whole system fall silent.
    """

    def __init__(self, speaker: Speaker, fault: Fault | None, freeze: Callable[[], None]) -> None:
        self._speaker = speaker
        self._freeze = freeze
        self._fault = fault
        self._script = bytearray()
        self._is_script = False
        self._closed = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._answering: asyncio.Task[None] | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._chan = chan

    def exec_requested(self, command: str) -> bool:
        self._command = command
        self._is_script = command == COMMAND
        return True

    def session_started(self) -> None:
        if not self._is_script:
            self._finish(self._speaker.plain(self._command))

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self._is_script and len(self._script) < MOST_SCRIPT_BYTES:
            self._script += data

    def eof_received(self) -> bool:
        if self._is_script and self._answering is None:
            self._answer_script()
        return True         # the channel stays open for the answers

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._writable.set()
        if self._answering:
            self._answering.cancel()

    def _answer_script(self) -> None:
        mark, _, body = self._script.decode("utf-8", "replace").partition("\n")
        try:
            questions = _questions(body)
        except ValueError as error:
            self._finish(Answer(exit_code=2, stdout="", stderr=f"/bin/sh: 1: Syntax error: {error}\n"))
            return
        nonce = mark.removeprefix("mark=")
        if self._fault is None:
            self._answer_at_once(nonce, questions)
        else:
            self._answering = asyncio.get_running_loop().create_task(self._answer_badly(nonce, questions, self._fault))

    def _answer_at_once(self, nonce: str, questions: tuple[Question, ...]) -> None:
        """One write for each stream: half of a visit's cost here would otherwise be packets."""
        answers = [(question.name, self._speaker.reply(question.name)) for question in questions]
        for stream in ("stdout", "stderr"):
            parts = [framed(nonce, name, a.exit_code, getattr(a, stream).encode()) for name, a in answers]
            self._write(b"".join((*parts, done(nonce))), stream)
        self._chan.exit(0)

    async def _answer_badly(self, nonce: str, questions: tuple[Question, ...], fault: Fault) -> None:
        if fault.kind is FaultKind.LATENCY:
            await asyncio.sleep(fault.latency_ms / 1000)
        for question in questions:
            answer = self._speaker.reply(question.name)
            out, err, code = answer.stdout.encode(), answer.stderr, answer.exit_code
            if fault.question == question.name:
                if fault.kind is FaultKind.NON_UTF8:
                    out = _NOT_UTF8 + out
                elif fault.kind is FaultKind.NO_PERMISSION:
                    out, err, code = b"", f"/bin/sh: {question.name}: Permission denied\n", 2
                elif fault.kind is FaultKind.GZIP_BOMB:
                    out = await asyncio.to_thread(_bomb)
                elif fault.kind is FaultKind.SLOW:
                    half = framed(nonce, question.name, min(KILLED_BY_TIMEOUT), out[: len(out) // 2])
                    await self._late(half, question)
                    continue
                else:
                    await self._break_off(framed(nonce, question.name, code, out), fault.kind)
                    return
            self._write(framed(nonce, question.name, code, out), "stdout")
            self._write(framed(nonce, question.name, code, err.encode()), "stderr")
        for stream in ("stdout", "stderr"):
            self._write(done(nonce), stream)
        self._chan.exit(0)

    async def _late(self, frame: bytes, question: Question) -> None:
        """The begin mark at once, as a shell writes it, and the rest when its `timeout` has killed the command."""
        begin = frame.index(b"\n", 1) + 1
        self._write(frame[:begin], "stdout")
        await asyncio.sleep(question.whole_seconds)
        self._write(frame[begin:], "stdout")

    async def _break_off(self, frame: bytes, kind: FaultKind) -> None:
        """Half an answer, and then a cut connection, a flood, or silence until the client goes away."""
        self._write(frame[: len(frame) // 2], "stdout")
        if kind is FaultKind.DROP:
            await asyncio.sleep(0.01)       # let the half travel
            self._chan.get_connection().abort()
        while kind is FaultKind.FLOOD and not self._closed:
            await self._writable.wait()
            self._write(_FLOOD, "stdout")
            await asyncio.sleep(0)
        if kind is FaultKind.HANG_ALL:
            self._freeze()
        if kind in (FaultKind.HANG_QUESTION, FaultKind.HANG_ALL):
            await asyncio.Event().wait()

    def _finish(self, answer: Answer) -> None:
        self._write(answer.stdout.encode(), "stdout")
        self._write(answer.stderr.encode(), "stderr")
        self._chan.exit(answer.exit_code)

    def _write(self, data: bytes, stream: str) -> None:
        if data and not self._closed:
            self._chan.write(data, _STDERR if stream == "stderr" else None)
