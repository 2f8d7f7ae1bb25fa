"""A Maildir that others deliver to and read: it is only looked at, nothing in it is moved, marked or removed."""
from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.model.errors import UserError

FOLDERS = ("new", "cur")


@dataclass(frozen=True, slots=True)
class Delivered:
    """``key`` stays the same when a reader moves or marks the message (its name without the flags)."""

    key: str
    path: Path


def delivered_since(folder: Path, since_s: float) -> list[Delivered]:
    """Messages delivered since an instant (seconds of the epoch), oldest first. Raises UserError where it is none."""
    found = []
    try:
        for part in FOLDERS:
            with os.scandir(folder / part) as entries:
                found += [(each.stat().st_mtime, each.name, Path(each.path)) for each in _messages(entries)]
    except OSError as error:
        raise UserError("maildir_unusable", f"the Maildir {folder} cannot be read ({error.strerror})",
                        "see that it has new/ and cur/ and that this user may read them") from None
    return [Delivered(name.partition(":")[0], path) for at, name, path in sorted(found) if at >= since_s]


def _messages(entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    return (each for each in entries if not each.name.startswith(".") and each.is_file())


def content(message: Delivered, at_most_bytes: int) -> bytes | None:
    """Its beginning; None where a reader has moved or removed it since: it is found again in the next round.

    Raises OSError where it is there and cannot be read.
    """
    try:
        with message.path.open("rb") as file:
            return file.read(at_most_bytes)
    except FileNotFoundError:
        return None
