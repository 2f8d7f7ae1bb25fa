"""A shell command that answers `asterisk -rx COMMAND` with what a real Asterisk was seen to print."""
from __future__ import annotations

import shutil
from pathlib import Path

APPLETS = ("awk", "cat", "date", "find", "grep", "head", "sed", "sh", "sort", "stat", "tail", "tr")


def asterisk(folder: Path, prints: dict[str, str], complaint: str = "") -> tuple[str, ...]:
    """The words of a command (for Profile.commands.asterisk); a command that is not in ``prints`` does not exist."""
    said = folder / "prints"
    said.mkdir(parents=True)
    for number, text in enumerate(prints.values()):
        (said / f"{number}").write_text(text)
    cases = "\n".join(f"'{command}') cat '{said}/{number}' ;;" for number, command in enumerate(prints))
    other = f"*) echo '{complaint}' >&2; exit 1 ;;" if complaint else (
        "*) echo \"No such command '$2' (type 'core show help ${2% *}' for other possible commands)\" ;;"
    )
    program = folder / "asterisk"
    program.write_text(f'#!/bin/sh\ncase "$2" in\n{cases}\n{other}\nesac\n')
    program.chmod(0o755)
    return (str(program), "-rx")


def busybox(folder: Path) -> str:
    """A PATH on which there is nothing but busybox."""
    program = shutil.which("busybox")
    assert program is not None, "busybox is missing: apt-get install busybox"
    folder.mkdir()
    for name in APPLETS:
        (folder / name).symlink_to(program)
    return str(folder)
