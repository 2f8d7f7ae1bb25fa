"""UPLIFT_HOME/keys/data: the keys by which personal data are sealed on the disk. The newest seals, all of them open.

A key is one file, named by the instant at which it was made and by its id, which is a digest of the key itself: a file
that holds another key than its name says is never taken for it. Keys are made here and nowhere typed or shown.
"""
from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tasks.model.errors import UserError
from tasks.wire.home import require_private
from tasks.wire.private_file import write_private

KEY_BYTES = 32
_NAME = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{16})\.key")
_STAMP = "%Y%m%dT%H%M%SZ"
_BACK = "put the key files back from a backup of this folder"


@dataclass(frozen=True)
class DataKey:
    """``id``: 16 hexadecimal digits. The secret is in no representation of it."""

    id: str
    made_at: datetime
    path: Path
    secret: bytes = field(repr=False)


def key_folder(home: Path) -> Path:
    return home / "keys" / "data"


def key_id(secret: bytes) -> str:
    return hashlib.sha256(b"uplift data key\0" + secret).hexdigest()[:16]


def data_keys(home: Path) -> tuple[DataKey, ...]:
    """Every key, oldest first; none where none was made yet.

    Raises UserError for a key that others can read, that cannot be read, or that is not what its name says.
    """
    folder = key_folder(home)
    try:
        if not folder.exists():
            return ()
        require_private(folder, code="data_key_not_private", mode=0o700)
        return tuple(_key(path) for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name))
    except OSError as error:
        raise UserError("data_key_unusable", f"{error.filename or folder} cannot be read: {error.strerror}",
                        f"run as the owner of {home}, or {_BACK}") from None


def newest_key(home: Path) -> DataKey:
    """The key that seals; the first one is made when it is first asked for."""
    if keys := data_keys(home):
        return keys[-1]
    with _one_maker(home):
        keys = data_keys(home)
        return keys[-1] if keys else _made(home, None)


def rotate(home: Path) -> DataKey:
    """A new key, which seals from now on. The others stay, to open what they sealed."""
    with _one_maker(home):
        keys = data_keys(home)
        return _made(home, keys[-1] if keys else None)


def _made(home: Path, before: DataKey | None) -> DataKey:
    """On the disk before anything is sealed with it: a key that a power cut took with it opens nothing any more."""
    at = datetime.now(UTC).replace(microsecond=0)
    if before is not None and at <= before.made_at:
        at = before.made_at + timedelta(seconds=1)      # the names' order tells the newest, whatever the clock did
    secret = secrets.token_bytes(KEY_BYTES)
    path = key_folder(home) / f"{at:{_STAMP}}-{key_id(secret)}.key"
    write_private(path, base64.b64encode(secret) + b"\n")
    return DataKey(key_id(secret), at, path, secret)


def _key(path: Path) -> DataKey:
    require_private(path, code="data_key_not_private")
    named = _NAME.fullmatch(path.name)
    assert named is not None
    try:
        secret = base64.b64decode(path.read_bytes().strip(), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) != KEY_BYTES or key_id(secret) != named[2]:
        raise UserError("data_key_unusable", f"{path} does not hold the key that its name says", _BACK)
    return DataKey(named[2], datetime.strptime(named[1], _STAMP).replace(tzinfo=UTC), path, secret)


@contextmanager
def _one_maker(home: Path) -> Iterator[None]:
    """Two that come first at once make one key."""
    folder = key_folder(home)
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UserError("data_key_unusable", f"{folder} cannot be used: {error.strerror}",
                        f"run as the owner of {home}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
