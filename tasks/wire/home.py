"""UPLIFT_HOME: where an operator's credentials, host keys and profiles lie, and what may be read from there."""
from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tasks.model.errors import UserError

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
OTHERS_ANY = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Home:
    """The names of the files inside UPLIFT_HOME."""

    path: Path

    @property
    def credentials(self) -> Path:
        return self.path / "credentials.yaml"

    @property
    def known_hosts(self) -> Path:
        return self.path / "known_hosts"

    @property
    def profiles(self) -> Path:
        return self.path / "profiles"


def named_home(given: str | Path | None = None) -> Path:
    """The folder that was named, else $UPLIFT_HOME, else /etc/uplift for root and ~/.config/uplift for others.

    Only its name: it is neither made nor looked at.
    """
    default = "/etc/uplift" if os.geteuid() == 0 else "~/.config/uplift"
    named = str(given) if given else os.environ.get("UPLIFT_HOME") or default
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError as error:      # a ~ without a home folder
        raise UserError("home_unusable", f"{named} cannot be found: {error}", "set UPLIFT_HOME to a folder") from None


def find_home(given: str | Path | None = None) -> Path:
    """The folder of ``named_home``, made (0700) where it is missing.

    Raises UserError where it cannot be used, is not the user's own or is open to others.
    """
    path = named_home(given)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
        raise UserError("home_unusable", f"{path} cannot be used: {reason}", "set UPLIFT_HOME to a folder") from None
    require_private(path, code="home_not_private", mode=0o700)
    return path


def require_private(path: Path, *, code: str, mode: int = 0o600) -> None:
    """Raise UserError unless ``path`` is the user's own and closed to all others. OSError is let through."""
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise UserError(code, f"{path} belongs to another user", f"run as its owner, or `chown` it to {_user()}")
    if found.st_mode & OTHERS_ANY:
        bits = f"{stat.S_IMODE(found.st_mode):04o}"
        raise UserError(code, f"{path} is open to other users (mode {bits})", f"run `chmod {mode:o} {path}`")


def require_unwritable_by_others(path: Path, *, code: str, mask: int = OTHERS_WRITE) -> None:
    """Raise UserError where someone besides the user and root could alter ``path`` or swap it within its folder."""
    for each in (path, path.resolve().parent):
        found = each.stat()
        if found.st_uid not in (os.geteuid(), 0):
            raise UserError(code, f"{each} belongs to another user", f"`chown` it to {_user()}")
        sticky = each != path and found.st_mode & stat.S_ISVTX      # as /tmp
        if found.st_mode & mask and not sticky:
            raise UserError(
                code,
                f"{each} can be written by other users (mode {stat.S_IMODE(found.st_mode):04o})",
                f"run `chmod go-w {each}`",
            )


def _user() -> str:
    return os.environ.get("USER") or f"user id {os.geteuid()}"
