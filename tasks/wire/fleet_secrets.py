"""Secrets that strayed into a fleet file: found by the name of their field or by their own form, and never repeated."""
from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from tasks.wire.marked_yaml import Fault, Location, line_of, walk

REMEDY = "remove it, change it if others have seen it, and name a credential of UPLIFT_HOME/credentials.yaml instead"
_NAME = re.compile(
    r"(?:.*[_-])?(?:pass|passwd|password|passphrase|pwd|secret|secrets|token|private[_-]?key|api[_-]?key|secret[_-]?key)",
    re.IGNORECASE,
)
_KEY_BLOCKS = ("PRIVATE KEY-----", "PuTTY-User-Key-File-")
MESSAGE_END = "looks like a secret"


@lru_cache(maxsize=10_000)
def secret_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _private_key(text: str) -> bool:
    return any(mark in text for mark in _KEY_BLOCKS)


def secrets_in(data: Any, *, besides: str | None = None) -> list[Fault]:
    """A Fault for each secret within ``data``; the part under the key ``besides`` is left out. No value is quoted."""
    found: list[Fault] = []
    for at, value in walk(data):
        if at[0] == besides:
            continue
        key = at[-1]
        if isinstance(key, str) and (secret_name(key) or _private_key(key)) and not is_under(at[:-1], found):
            shown = f"the field {key!r}" if secret_name(key) else "the name of a field"
            found.append(Fault(line_of(data, at), f"{shown} {MESSAGE_END}", REMEDY, at))
        elif isinstance(value, str) and _private_key(value) and not is_under(at, found):
            found.append(Fault(line_of(data, at), f"a private key {MESSAGE_END}", REMEDY, at))
    return found


def is_under(at: Location, faults: list[Fault]) -> bool:
    """Whether one of the faults stands at this place or around it."""
    return any(fault.at == at[: len(fault.at)] for fault in faults)
