"""The finished base image, kept between labs under a name that tells what it was built from."""
from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments.lab import base, pool
from deployments.lab.trouble import LabError

_KEPT = 2                                   # for checkouts of two branches on one machine
HERE = Path(__file__).parent
# What a base is made of: change any of them and it is built anew.
SOURCES = ("base.py", "debian.py", "guest/lab-init", "guest/pbxware", "guest/asterisk", "guest/mysql")


def directory() -> Path:
    return Path(os.environ.get("UPLIFT_LAB_CACHE", "/var/cache/uplift-lab"))


def key() -> str:
    """What the base image is made from, as one word."""
    return _hash(HERE / name for name in SOURCES)


def recipe() -> str:
    """What the systems of a lab are made from, as one word: change any of it, and ``up`` makes them anew."""
    return _hash((*sorted(HERE.glob("*.py")), *sorted(HERE.glob("templates/**/*.*")), *sorted(HERE.glob("guest/*"))))


def _hash(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(HERE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def base_image(say: base.Say) -> Path:
    """The cached base image, built first where there is none. Any number of processes may ask at once.

    A build that was killed leaves a folder ``build-…``: whoever holds the lock next removes it.
    """
    folder = directory()
    image = folder / f"base-{key()}.img"
    if image.exists():
        return image
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"{folder}: {error.strerror}; set UPLIFT_LAB_CACHE to a folder that can be written") from error
    with _alone(folder / "build.lock", say):
        if image.exists():
            return image
        _clear(folder)
        work = Path(tempfile.mkdtemp(prefix="build-", dir=folder.resolve()))
        try:
            base.build(work / "image", work, say)
            (work / "image").rename(image)
        finally:
            _remove(work)
    return image


@contextmanager
def _alone(lock: Path, say: base.Say) -> Iterator[None]:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build of the base image")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _clear(folder: Path) -> None:
    """Remove what killed builds left, and the images of older sources but the last few."""
    for left in (path for path in folder.glob("build-*") if path.is_dir()):
        _remove(left)
    for old in sorted(folder.glob("base-*.img"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        old.unlink()


def _remove(work: Path) -> None:
    pool.release(work.resolve())
    shutil.rmtree(work, ignore_errors=True)
