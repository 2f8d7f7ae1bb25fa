"""YAML with line numbers, read strictly: what is refused here would be read as something that its author did not mean.

Refused: anchors, aliases and merge keys (they hide what applies where, and can grow without limit), duplicate keys,
tags, more than one document. Scalars follow YAML 1.2: ``NO`` is a country and ``17:30`` is a time, not ``false`` and a
number of minutes. The parser's events are read one by one: nothing is expanded before it is looked at, and a file of
10,000 systems needs no second copy of itself.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tasks.model.errors import UserError

Location = tuple[str | int, ...]
MAX_DEPTH = 40
# Narrower than YAML 1.1 and 1.2: 08 and 12e3 are somebody's ids, and both versions' writers leave one of them unquoted.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"(?:[-+]?[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Map(dict[str, Any]):
    """A mapping that knows its own line and the line of each key."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str | int, int] = {}


class Seq(list[Any]):
    """A list that knows its own line and the line of each item."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str | int, int] = {}


class WrittenFloat(float):
    """A number that remembers how it was written: 8.10 is not 8.1 where a release was meant."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> WrittenFloat:
        self = super().__new__(cls, text)
        self.text = text
        return self

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Fault:
    """Something wrong at a line of a file (1-based; 0: the whole file). ``at`` is where in the document, if known."""

    line: int
    message: str
    remedy: str
    at: Location = ()


def line_of(data: Any, at: Location) -> int:
    """The line of the part of a document at ``at``, or of the nearest part around it that exists."""
    line = getattr(data, "line", 0)
    for step in at:
        if not isinstance(data, Map | Seq) or step not in data.lines:
            break
        line = data.lines[step]
        data = data[step]  # type: ignore[index]
    return line


def plain(data: Any) -> Any:
    """The same data without line numbers."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    return float(data) if isinstance(data, WrittenFloat) else data


def read_text(path: Path) -> str:
    """The file's text. Raises UserError where it is missing or unreadable, with the line where it is not UTF-8."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise UserError("file_missing", f"{path} does not exist", "correct the path") from None
    except OSError as error:
        raise UserError("file_unreadable", f"{path} cannot be read ({error.strerror})", "correct the path") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError("not_utf8", f"{path}:{line}: the text is not UTF-8", "save the file as UTF-8") from None


def parse_yaml(text: str) -> tuple[Any, list[Fault]]:
    """The one document of a YAML text, with lines, and every fault of its form. The data is None after a syntax error.

    Values under a faulty key are still read, so that one mistake does not hide the next.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not YAML"
        builder.fault((mark.line if mark else 0) + 1, f"not YAML: {problem}", "correct indentation, quotes or brackets")
        builder.data = None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 0
        builder.fault(line, "a character that YAML does not allow", "remove control characters")
        builder.data = None
    except _Refused:
        builder.data = None
    return builder.data, builder.faults


class _Refused(Exception):
    """Not worth reading further."""


class _Builder:
    """Puts events together to data. One frame a collection: it, the key that waits for its value, the key's line."""

    def __init__(self) -> None:
        self.data: Any = None
        self.faults: list[Fault] = []
        self.documents = 0
        self.frames: list[Map | Seq] = []
        self.keys: list[str | None] = []

    def fault(self, line: int, message: str, remedy: str) -> None:
        self.faults.append(Fault(line, message, remedy))

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._put(self._scalar(event), event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            line = event.start_mark.line + 1
            self._open(Map(line) if kind is yaml.MappingStartEvent else Seq(line), event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self.frames.pop()
            self.keys.pop()
        elif kind is yaml.AliasEvent:
            self.fault(event.start_mark.line + 1, f"the alias *{event.anchor}", "write the value out instead")
            self._put(None, event)
        elif kind is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                self.fault(event.start_mark.line + 1, "a second document begins", "remove the line ---")
                raise _Refused

    def _open(self, collection: Map | Seq, event: Any) -> None:
        self._refuse_marks(event)
        if self.frames and isinstance(self.frames[-1], Map) and self.keys[-1] is None:
            self.fault(collection.line, "a list or mapping as a key", "write a plain word before the colon")
            raise _Refused
        if len(self.frames) >= MAX_DEPTH:
            self.fault(collection.line, f"more than {MAX_DEPTH} levels deep", "write it flatter")
            raise _Refused
        self._put(collection, event)
        self.frames.append(collection)
        self.keys.append(None)

    def _put(self, value: Any, event: Any) -> None:
        line = event.start_mark.line + 1
        if not self.frames:
            self.data = value
            return
        frame = self.frames[-1]
        if isinstance(frame, Seq):
            frame.lines[len(frame)] = line
            frame.append(value)
        elif self.keys[-1] is None:
            self._key(frame, value, line)
        else:
            frame[self.keys[-1]] = value
            self.keys[-1] = None

    def _key(self, frame: Map, value: Any, line: int) -> None:
        key = value if isinstance(value, str) else str(value)
        if key == "<<":
            self.fault(line, "a merge key <<", "write the values out")
        elif key in frame.lines:
            self.fault(line, f"{key!r} stands here twice (first in line {frame.lines[key]})", "remove one of them")
        elif not isinstance(value, str):
            self.fault(line, f"the key {key} is not text", f'quote it: "{key}"')
        frame.lines[key] = line
        self.keys[-1] = key

    def _scalar(self, event: Any) -> Any:
        if event.tag is not None or event.anchor is not None:
            self._refuse_marks(event)
        text = event.value
        if not event.implicit[0] or event.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in "-+.0123456789":
            if _INTEGER.fullmatch(text) and len(text) < 20:
                return int(text)
            if _FLOAT.fullmatch(text):
                return WrittenFloat(text)
        return text

    def _refuse_marks(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor is not None:
            self.fault(line, f"the anchor &{event.anchor}", "remove it, and write out what refers to it")
        if event.tag is not None:
            self.fault(line, f"the tag {event.tag}", "remove it")


def walk(data: Any, at: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Every key and value of a document with its place."""
    waiting = [(at, data)] if isinstance(data, dict | list) else []
    while waiting:
        around, part = waiting.pop()
        for step, value in part.items() if isinstance(part, dict) else enumerate(part):
            place = (*around, step)
            yield place, value
            if isinstance(value, dict | list):
                waiting.append((place, value))
