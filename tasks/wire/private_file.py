"""Files of their owner alone: written whole or not at all, on the disk before they have their name, really removed.

A kill leaves at most a file ``.NAME.part``; the next write of the same name takes its place, and ``clear_parts``
removes it.
"""
from __future__ import annotations

import os
import shutil
from pathlib import Path

from tasks.model.errors import UserError

PART = ".part"


def write_private(path: Path, content: bytes) -> None:
    """Replace ``path`` (0600). The caller sees to it that nobody else writes the same name at the same time.

    Raises UserError where it cannot be written; what was there stays then.
    """
    temporary = part_of(path)
    try:
        temporary.unlink(missing_ok=True)       # of a kill: with whatever mode it had
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise UserError("file_unwritable", f"{path} cannot be written: {error.strerror}",
                        "make room there, or make its folder writable, and try again") from None


def part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}{PART}")


def clear_parts(folder: Path) -> None:
    """Remove what killed writers left. The caller holds the folder, so that no writer is at it."""
    for path in folder.glob(f".*{PART}"):
        path.unlink(missing_ok=True)


def remove_all_but(folder: Path, kept: frozenset[str]) -> int:
    """Remove every file of a folder, hidden ones and those of folders within it too; gives how many. Links are not
    followed. Raises UserError where one cannot be removed."""
    removed = 0
    try:
        for entry in sorted(folder.iterdir()):
            if entry.name in kept:
                continue
            if entry.is_dir() and not entry.is_symlink():
                removed += sum(not each.is_dir() for each in entry.rglob("*"))
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)
                removed += 1
        sync_folder(folder)
    except OSError as error:
        raise UserError("not_erased", f"{error.filename or folder} cannot be removed: {error.strerror}",
                        "make its folder writable; the next round removes the rest") from None
    return removed


def sync_folder(folder: Path) -> None:
    """After this a power cut undoes neither a name nor a removal in the folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
