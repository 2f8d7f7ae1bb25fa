"""The files of a folder that a remedy may delete: listed by NUL, identified by inode, size and time, and sealed.

Nothing is changed here. Names are any bytes but NUL and the slash; they are kept as latin-1 text, which loses none.
"""
from __future__ import annotations

import asyncio
import hashlib
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import asyncssh

from tasks.model.finding import Frozen
from tasks.wire.shell import COMMAND

LISTING_S = 180.0
MOST_BYTES = 64_000_000
_SCRIPT = r"""
unset CDPATH; LC_ALL=C; export LC_ALL
gently='nice -n 19'; command -v ionice >/dev/null && gently="ionice -c 3 $gently"
look() {
    printf 'folder\0%s\0' "$1"
    if [ ! -e "$1" ] && [ ! -L "$1" ]; then printf 'absent\0'; return; fi
    cd -P -- "$1" 2>/dev/null || { printf 'closed\0'; return; }
    if [ "$(pwd -P)" != "$1" ]; then printf 'link\0%s\0' "$(pwd -P)"; return; fi
    if [ -n "$marker" ]; then
        $gently find . -xdev -ignore_readdir_race -name "$marker" -printf 'marked\0%h\0' || { printf 'cut\0'; return; }
    fi
    if [ -n "$cutoff" ]; then
        $gently find . -xdev -ignore_readdir_race -type f ! -newermt "@$cutoff" $unchanged \
            -printf 'file\0%i %s %Ts %P\0' || { printf 'cut\0'; return; }
    fi
    printf 'end\0'
}
if [ -n "$list" ]; then
    if [ -r "$list" ]; then printf 'list\0'; tr '\n' '\0' <"$list"; printf '\0listend\0'; else printf 'nolist\0'; fi
fi
"""


class Untold(Exception):
    """It could not be listed, or not to its end; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Item:
    """``path`` is below ``folder``, as Python reads file names (surrogateescape). ``changed_at`` is its mtime."""

    folder: str
    path: str
    inode: int
    size_bytes: int
    changed_s: int

    @property
    def changed_at(self) -> datetime:
        return datetime.fromtimestamp(self.changed_s, UTC)

    @property
    def identity(self) -> str:
        return f"{self.inode} {self.size_bytes} {self.changed_s}"


class SealedList(Frozen):
    """What was shown to the client: for each file its folder, name, inode, size and time."""

    rows: tuple[tuple[str, str, int, int, int], ...]

    @classmethod
    def of(cls, items: Iterable[Item]) -> SealedList:
        rows = ((i.folder, _stored(i.path), i.inode, i.size_bytes, i.changed_s) for i in items)
        return cls(rows=tuple(sorted(rows)))

    @property
    def seal(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(Item(folder, _read(path), *numbers) for folder, path, *numbers in self.rows)


@dataclass(frozen=True)
class Wanted:
    """What may be deleted. ``unchanged``: the inode too has to be that old (a file that was just put there is not)."""

    folders: tuple[str, ...]
    older_than: datetime
    names: tuple[str, ...] = ("*",)
    unchanged: bool = False
    hold_patterns: tuple[str, ...] = ()
    hold_list: str | None = None
    hold_marker: str = ""


@dataclass(frozen=True)
class Holds:
    """The legal hold as it stands on the system: patterns, and folders (below their own) that are marked."""

    patterns: tuple[str, ...]
    marked: frozenset[tuple[str, str]]

    def hold(self, item: Item) -> bool:
        """A line holds what it matches, what it names letter by letter (a name may have brackets), and all below it."""
        parts, whole = item.path.split("/"), f"{item.folder}/{item.path}".split("/")
        below = ["/".join(parts[:depth]) for depth in range(len(parts))]
        texts = {parts[-1], item.path, *below[1:], *("/".join(whole[:depth]) for depth in range(2, len(whole) + 1))}
        lines = (pattern.removeprefix("./").rstrip("/") for pattern in self.patterns)
        if any(not line or line in texts or any(fnmatchcase(text, line) for text in texts) for line in lines):
            return True
        return any((item.folder, folder) in self.marked for folder in below)


@dataclass(frozen=True)
class Listing:
    items: tuple[Item, ...]             # the oldest first
    held: tuple[Item, ...]
    absent: tuple[str, ...]             # folders that are not there


async def listed(connection: asyncssh.SSHClientConnection, wanted: Wanted) -> Listing:
    """What could be deleted now. Raises Untold, and asyncssh's errors where the connection is lost."""
    told = _Told(await _answer(connection, wanted, with_files=True))
    cutoff = int(wanted.older_than.timestamp())
    matching = [
        item for item in told.items
        if item.changed_s <= cutoff and any(fnmatchcase(item.path.rpartition("/")[2], name) for name in wanted.names)
    ]
    holds = Holds((*wanted.hold_patterns, *told.patterns), frozenset(told.marked))
    held = tuple(item for item in matching if holds.hold(item))
    free = sorted(set(matching) - set(held), key=lambda item: (item.changed_s, item.folder, item.path))
    return Listing(tuple(free), held, tuple(told.absent))


async def holds_now(connection: asyncssh.SSHClientConnection, wanted: Wanted) -> Holds:
    """The legal hold at this moment. Raises like ``listed``."""
    told = _Told(await _answer(connection, wanted, with_files=False))
    return Holds((*wanted.hold_patterns, *told.patterns), frozenset(told.marked))


async def _answer(connection: asyncssh.SSHClientConnection, wanted: Wanted, *, with_files: bool) -> bytes:
    cutoff = str(int(wanted.older_than.timestamp())) if with_files else ""
    unchanged = f'! -newerct @{cutoff}' if wanted.unchanged else ""
    values = {"cutoff": cutoff, "unchanged": unchanged, "marker": wanted.hold_marker, "list": wanted.hold_list or ""}
    lines = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    looks = "; ".join(f"look {shlex.quote(folder)}" for folder in wanted.folders)
    bounded = f"{looks}; printf 'over\\0'; }} 2>/dev/null | head -c {MOST_BYTES}"
    script = "\n".join([*lines, f"{{ {_SCRIPT}", bounded, ""])
    try:
        async with asyncio.timeout(LISTING_S):
            done = await connection.run(COMMAND, input=script.encode(), check=False, encoding=None)
    except TimeoutError:
        raise Untold(f"the files could not be listed within {LISTING_S:.0f} s") from None
    told = done.stdout if isinstance(done.stdout, bytes) else b""
    if not told.endswith(b"over\0"):
        many = len(told) >= MOST_BYTES
        raise Untold("there are too many files to list at once" if many else "the list was cut short")
    return told


class _Told:
    """The answer taken apart. Raises Untold where a folder was not read to its end."""

    def __init__(self, answer: bytes) -> None:
        self.items: list[Item] = []
        self.patterns: list[str] = []
        self.marked: set[tuple[str, str]] = set()
        self.absent: list[str] = []
        words = iter(answer.decode("utf-8", "surrogateescape").split("\0"))
        folder = ""
        for word in words:
            if word == "folder":
                folder = next(words)
            elif word == "file":
                self.items.append(_item(folder, next(words)))
            elif word == "marked":
                self.marked.add((folder, next(words).removeprefix(".").removeprefix("/")))
            elif word == "absent":
                self.absent.append(folder)
            elif word == "list":
                self._take_list(words)
            elif word not in ("end", "over", ""):
                raise Untold(_why(word, folder, next(words, "")))

    def _take_list(self, words: Iterable[str]) -> None:
        for line in words:
            if line == "listend":
                return
            if line.strip() and not line.startswith("#"):
                self.patterns.append(line.strip())
        raise Untold("the file of the legal hold was not read to its end")


def _why(word: str, folder: str, more: str) -> str:
    return {
        "nolist": "the file of the legal hold cannot be read on the system",
        "closed": f"{folder} cannot be opened with this login",
        "link": f"{folder} is a link to {more}; the profile has to name that folder itself",
        "cut": f"{folder} could not be read to its end",
    }.get(word, "the system's list of files is not understood")


def _item(folder: str, told: str) -> Item:
    inode, size, changed, path = told.split(" ", 3)
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise Untold("the system's list of files is not understood")
    return Item(folder, path, int(inode), int(size), int(changed))


def _stored(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("latin-1")


def _read(path: str) -> str:
    return path.encode("latin-1").decode("utf-8", "surrogateescape")
