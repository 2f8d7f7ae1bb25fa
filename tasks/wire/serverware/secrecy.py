"""Keeps what SERVERware's records hold in secrets out of everything that leaves this package."""
from __future__ import annotations

import re

from pydantic import JsonValue

from tasks.model.profile_serverware import SECRET_FIELD

_LONGEST = 240
_SHORTEST = 4               # a shorter value would blot out ordinary words
_HIDDEN = "[hidden]"
# A password in running text: the word, and what stands after it.
_TOLD = re.compile(
    r"((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[ _-]?key)\b[\"']?\s*(?:is|[:=])?\s*)[^\s,;)}\]]+", re.IGNORECASE
)


class Secrecy:
    """Remembers the secret values that were seen, and hides them in text. Its representation shows none."""

    def __init__(self, *values: str) -> None:
        self._values = {value for value in values if len(value) >= _SHORTEST}

    def note(self, data: JsonValue) -> None:
        """Remember every value that stands in a record under the name of a secret."""
        if isinstance(data, dict):
            for name, value in data.items():
                if SECRET_FIELD.search(name):
                    self._values |= {text for text in _texts(value) if len(text) >= _SHORTEST}
                else:
                    self.note(value)
        elif isinstance(data, list):
            for each in data:
                self.note(each)

    def hide(self, text: str) -> str:
        """The text on one line, cut, without any secret that was seen or that calls itself one."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, _HIDDEN)
        line = " ".join(_TOLD.sub(rf"\1{_HIDDEN}", text).split())
        return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _texts(value: JsonValue) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [] if value is None or isinstance(value, bool) else [str(value)]
