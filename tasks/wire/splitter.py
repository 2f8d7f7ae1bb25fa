"""The output of a composed script (see shell.py) taken apart while it arrives. Pure: bytes in, answers out.

Trusts nothing: streams may be cut anywhere, hold any bytes, never end, or imitate marks (which needs the nonce).
"""
from __future__ import annotations

import re
from collections.abc import Iterable

from tasks.model.answer import Answer, Silence, Why
from tasks.wire.shell import KILLED_BY_TIMEOUT, Question, stderr_bytes

_LONGEST_MARK = 300


class _Stream:
    """One of the two streams: which question is open, what it said so far (bounded), what has ended."""

    def __init__(self, nonce: str, keep_bytes: int) -> None:
        self._mark = b"\n%s " % nonce.encode()
        self._keep = keep_bytes
        self._pending = bytearray()
        self.open: str | None = None
        self.said: dict[str, bytearray] = {}
        self.exit_codes: dict[str, int] = {}
        self.done = False

    def feed(self, data: bytes) -> None:
        self._pending += data
        while (start := self._pending.find(self._mark)) >= 0:
            end = self._pending.find(b"\n", start + len(self._mark))
            if end < 0 and len(self._pending) - start < _LONGEST_MARK:
                self._hear(self._pending[:start])
                del self._pending[:start]
                return
            words = bytes(self._pending[start + len(self._mark) : end if end >= 0 else None])
            through = end + 1 if end >= 0 else start + len(self._mark)
            if self._is_ours(words):
                self._hear(self._pending[:start])
                self._turn(words.decode("ascii"))
            else:
                self._hear(self._pending[:through])
            del self._pending[:through]
        settled = len(self._pending) - len(self._mark) + 1          # the rest may be the beginning of a mark
        if settled > 0:
            self._hear(self._pending[:settled])
            del self._pending[:settled]

    def _is_ours(self, words: bytes) -> bool:
        if self.open is not None:
            return re.fullmatch(rb"end %s \d{1,3}" % self.open.encode(), words) is not None
        return words == b"done" or re.fullmatch(rb"begin [a-z0-9_]+", words) is not None

    def _turn(self, words: str) -> None:
        kind, *rest = words.split(" ")
        if kind == "done":
            self.done = True
        elif kind == "begin" and rest[0] not in self.said:
            self.open = rest[0]
            self.said[self.open] = bytearray()
        elif kind == "end":
            self.exit_codes[rest[0]] = int(rest[1])
            self.open = None

    def _hear(self, data: bytearray) -> None:
        if self.open is not None:
            said = self.said[self.open]
            said += data[: self._keep - len(said)]


class Splitter:
    """Feed it what arrives on stdout and stderr; ask it what was answered."""

    def __init__(self, nonce: str, questions: Iterable[Question], max_bytes: int) -> None:
        self.nonce = nonce
        self._questions = tuple(questions)
        self._max_bytes = max_bytes
        self._out = _Stream(nonce, max_bytes + 1)
        self._err = _Stream(nonce, stderr_bytes(max_bytes) + 1)
        self.received_bytes = 0

    def feed(self, stdout: bytes = b"", stderr: bytes = b"") -> None:
        self.received_bytes += len(stdout) + len(stderr)
        self._out.feed(stdout)
        self._err.feed(stderr)

    @property
    def open(self) -> str | None:
        """The question that has begun to answer and has not ended."""
        return self._out.open

    @property
    def ended(self) -> int:
        return len(self._out.exit_codes)

    @property
    def told_all(self) -> bool:
        """Whether stdout has said that no answer is to come."""
        return self._out.done

    @property
    def done(self) -> bool:
        return self._out.done and self._err.done

    def unbegun(self) -> tuple[Question, ...]:
        return tuple(question for question in self._questions if question.name not in self._out.said)

    def answers(self, cut_off: Silence) -> dict[str, Answer | Silence]:
        """What was begun: an Answer if it ended, a Silence if it timed out there, ``cut_off`` if it did not end."""
        told: dict[str, Answer | Silence] = {}
        for question in self._questions:
            if question.name in self._out.exit_codes:
                told[question.name] = self._answer(question)
            elif question.name in self._out.said:
                told[question.name] = cut_off
        return told

    def _answer(self, question: Question) -> Answer | Silence:
        exit_code = self._out.exit_codes[question.name]
        if exit_code in KILLED_BY_TIMEOUT:
            return timed_out(question)
        said = self._out.said[question.name]
        return Answer(
            exit_code=exit_code,
            stdout=_text(said[: self._max_bytes]),
            stderr=_text(self._err.said.get(question.name, bytearray())[: stderr_bytes(self._max_bytes)]),
            truncated=len(said) > self._max_bytes,
        )


def split(nonce: str, questions: Iterable[Question], stdout: bytes, stderr: bytes, max_bytes: int,
          cut_off: Silence) -> dict[str, Answer | Silence]:
    """Both streams at once: see Splitter.answers."""
    splitter = Splitter(nonce, questions, max_bytes)
    splitter.feed(stdout, stderr)
    return splitter.answers(cut_off)


def timed_out(question: Question) -> Silence:
    return Silence(why=Why.TIMED_OUT, detail=f"{question.name} did not answer within {question.whole_seconds} s")


def _text(data: bytearray) -> str:
    return data.decode("utf-8", "replace")
