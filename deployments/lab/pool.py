"""File systems of the lab: btrfs on a loop image for clones, snapshots and restores, and small ext4 images."""
from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

from deployments.lab.command import run, succeeds
from deployments.lab.trouble import LabError

POOL_SIZE_BYTES = 48 * 2**30                # sparse: what df shows inside an appliance


def mounted(path: Path) -> bool:
    return any(place == path for place in mount_points())


def mount_points() -> list[Path]:
    """All mount points of this machine, in the order in which they were mounted."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(_unescape(line.split(" ")[4])) for line in lines]


def mount_btrfs(image: Path, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    if not mounted(place):
        run("mount", "-o", "loop,compress=zstd:1,noatime", image, place)


def make_btrfs(image: Path, size_bytes: int = POOL_SIZE_BYTES) -> None:
    with image.open("wb") as file:
        file.truncate(size_bytes)
    run("mkfs.btrfs", "-q", image)


def copy_pool(base_image: Path, image: Path) -> None:
    """Make a lab's pool of the cached base. Whole or not there at all, also when it is killed in between."""
    fresh = image.with_suffix(".new")
    run("cp", "--sparse=always", "--reflink=auto", base_image, fresh)
    # Two mounted file systems must not have one identity: btrfs would take them for two disks of one pool.
    run("btrfstune", "-m", fresh)
    fresh.rename(image)


def clone(source: Path, target: Path, read_only: bool = False) -> None:
    """A snapshot of a subvolume: writable, or read-only to be restored later."""
    target.parent.mkdir(parents=True, exist_ok=True)
    run("btrfs", "-q", "subvolume", "snapshot", *(["-r"] if read_only else []), source, target)


def delete_subvolume(path: Path) -> None:
    if path.exists():
        run("btrfs", "-q", "subvolume", "delete", path)


def small_disk(source: Path, image: Path, place: Path, data_bytes: int, inodes: int = 65_536) -> None:
    """A copy of the tree ``source`` on an ext4 file system of its own, with room for ``data_bytes`` beside it."""
    image.parent.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(2 * 2**30 + data_bytes)
    run("mkfs.ext4", "-q", "-F", "-m", "0", "-N", str(inodes), image)
    mount_ext4(image, place)
    run("cp", "-a", f"{source}/.", place)


def mount_ext4(image: Path, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    run("mount", "-o", "loop", image, place)


def fill(place: Path, ballast: Path, free_bytes: int) -> None:
    """Leave only ``free_bytes`` on the file system at ``place``. The ballast is allocated, not written."""
    state = os.statvfs(place)
    size = state.f_bavail * state.f_frsize - free_bytes
    if size <= 0:
        raise LabError(f"{place} is fuller than asked for; raise disk_free_mb's difference or lower rows")
    ballast.parent.mkdir(parents=True, exist_ok=True)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def take_inodes(place: Path, folder: Path, free: int) -> None:
    """Leave only ``free`` inodes on the file system at ``place``: empty files, as a mail queue gone wild leaves."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(os.statvfs(place).f_favail - free):
        (folder / f"{number:06}").touch()


def release(directory: Path) -> None:
    """Unmount everything under ``directory`` and free its loop devices. Nothing else is touched."""
    for place in reversed(mount_points()):
        if place.is_relative_to(directory) and not succeeds("umount", place):
            time.sleep(0.2)
            if not succeeds("umount", place):
                run("umount", "-l", place)
    for device in loop_devices(directory):
        # The kernel frees a loop device a moment after its last unmount.
        succeeds("losetup", "-d", device)


def loop_devices(directory: Path) -> list[str]:
    """Loop devices whose image lies under ``directory``, those of deleted images too."""
    listed = subprocess.run(
        ["losetup", "--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE"],
        capture_output=True, text=True, check=True,
    ).stdout
    pairs = [line.split(" ", 1) for line in listed.splitlines() if " " in line]
    prefix = f"{directory}/"
    return [name for name, file in pairs if _unescape(file.replace("\\x20", " ")).startswith(prefix)]


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), text)
