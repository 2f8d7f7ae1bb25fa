"""The profile's section ``remedies``: which folders Uplift may clear on a system once it is agreed to, and when.

Where a site has not said it, nothing is offered and nothing is touched.
"""
from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from tasks.model.section import AbsolutePath, Section

# Folders of the operating system as such; what lies within them may be named, they themselves not.
_WHOLE = frozenset((
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/mnt", "/opt", "/proc", "/root", "/run",
    "/sbin", "/srv", "/sys", "/usr", "/var", "/var/lib", "/var/log", "/var/spool",
))
_NEVER_WITHIN = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/sbin", "/sys", "/usr")


def _clearable(path: str) -> str:
    if path != posixpath.normpath(path) or path.startswith("//"):
        raise ValueError(f"{path} is not written plainly; leave out . and .. and the slash at the end")
    if path in _WHOLE or any(path.startswith(f"{folder}/") for folder in _NEVER_WITHIN):
        raise ValueError(f"{path} is the operating system's; name the folder within it that may be cleared")
    return path


Folder = Annotated[AbsolutePath, AfterValidator(_clearable)]
Pattern = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00\n]*$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[^\x00\n/]+$")]


class TemporaryFiles(Section):
    """Folders whose files nobody misses once they are ``older_days`` old."""

    folders: tuple[Folder, ...] = Field(min_length=1)
    older_days: int = Field(7, ge=1)


class Recordings(Section):
    """Recordings of calls, kept for ``retention_days``. ``names`` are patterns (* and ?) of the files' names.

    Legal hold: what matches one of ``hold_patterns`` (of the path below its folder), or a line of the file
    ``hold_list`` on the system, is never deleted; nor is anything in or below a folder that has a file ``hold_marker``.
    """

    folders: tuple[Folder, ...] = Field(min_length=1)
    retention_days: int = Field(ge=1)
    names: tuple[Pattern, ...] = ("*.wav", "*.WAV", "*.gsm", "*.mp3", "*.ogg")
    hold_patterns: tuple[Pattern, ...] = ()
    hold_list: AbsolutePath | None = None
    hold_marker: FileName = ".legal-hold"


class Remedies(Section):
    temporary: TemporaryFiles | None = None
    recordings: Recordings | None = None
    modules_aside: AbsolutePath = "/opt/pbxware/set-aside"  # outside of the tree, which an upgrade replaces
    most_files: int = Field(100_000, ge=1, le=1_000_000)    # listed, and so deleted, at a time; the oldest first
    batch_files: int = Field(500, ge=1, le=5_000)           # between two looks at whether the run may go on

    @property
    def folders(self) -> tuple[str, ...]:
        """Every folder that may be cleared."""
        return (*self.temporary_folders, *self.recording_folders)

    @property
    def temporary_folders(self) -> tuple[str, ...]:
        return self.temporary.folders if self.temporary else ()

    @property
    def recording_folders(self) -> tuple[str, ...]:
        return self.recordings.folders if self.recordings else ()


def in_the_way(folders: Iterable[str], precious: Iterable[str]) -> str | None:
    """Why one of ``folders`` must not be cleared: it is, holds or lies within what the system cannot do without."""
    kept = tuple(precious)
    for folder in folders:
        for path in kept:
            if path == folder or path.startswith(f"{folder}/"):
                return f"{folder} must not be cleared: it holds {path}"
    return None
