"""A disk of a chosen speed: a file system on a loop device, which the kernel holds to so many bytes a second.

What works, tried on Linux 6.18 with cgroup v1: ``blkio.throttle.*_bps_device`` of the root group holds every write to
the device, also what the kernel writes back for MyISAM and Aria long after their write(2), to 1 % of the rate; and
``strict_limit`` with ``max_bytes`` of the device's bdi keeps a table from vanishing in the memory of a machine that is
bigger than any phone system. Not used: device-mapper's delay (needs a kernel with device-mapper), InnoDB's io_capacity
(it slows the flushing of pages and not the building of a table), cgroup v2's io.max (untried, so refused).
"""
from __future__ import annotations

import os
import time
from pathlib import Path

from deployments.lab.command import run, succeeds
from deployments.lab.trouble import LabError

_THROTTLE = Path("/sys/fs/cgroup/blkio")
_FILES = ("blkio.throttle.write_bps_device", "blkio.throttle.read_bps_device")
_CACHE_BYTES = 32 * 2**20           # not yet written: so little that the disk's speed counts from the first megabytes
_SIZE_BYTES = 6 * 2**30
_PROBE_BYTES = 256 * 2**20


class SlowDisk:
    """An ext4 of 6 GB (sparse) mounted at ``work/disk``. ``close`` takes limits, mount and device away again."""

    def __init__(self, work: Path) -> None:
        if not (_THROTTLE / _FILES[0]).exists():
            raise LabError("the kernel has no cgroup v1 blkio.throttle; take the measurements on a machine that has it")
        self.mount = work / "disk"
        self._image = work / "disk.img"
        self.mount.mkdir(parents=True, exist_ok=True)
        with self._image.open("wb") as image:
            image.truncate(_SIZE_BYTES)
        run("mkfs.ext4", "-q", "-F", self._image)
        # Without the host's cache for the file, or it would answer reads for the disk.
        self._device = run("losetup", "--direct-io=on", "--find", "--show", self._image).strip()
        self._number = (Path("/sys/block") / Path(self._device).name / "dev").read_text().strip()
        self._bdi = Path("/sys/class/bdi") / self._number
        run("mount", self._device, self.mount)
        self.full_bytes_per_s = self._probe()

    def limit(self, bytes_per_s: int | None) -> None:
        """Hold reads and writes to this rate; None takes the limit away."""
        for name in _FILES:
            (_THROTTLE / name).write_text(f"{self._number} {bytes_per_s or 0}")

    def emptied(self) -> None:
        """Everything removed and written out, at full speed."""
        self.limit(None)
        self._cache(None)
        for left in self.mount.iterdir():
            if left.name != "lost+found":
                run("rm", "-rf", left)

    def cold(self) -> None:
        """Write everything out and forget it: what is read next comes from the disk."""
        run("umount", self.mount)
        run("mount", self._device, self.mount)
        self._cache(_CACHE_BYTES)

    def close(self) -> None:
        self.limit(None)
        self._cache(None)
        run("umount", self.mount)
        run("losetup", "-d", self._device)
        self._image.unlink()

    def _cache(self, max_bytes: int | None) -> None:
        (self._bdi / "strict_limit").write_text("0" if max_bytes is None else "1")
        name, value = ("max_ratio", 100) if max_bytes is None else ("max_bytes", max_bytes)
        (self._bdi / name).write_text(str(value))

    def _probe(self) -> int:
        """Bytes a second of large writes without a limit, past the cache."""
        target = self.mount / "probe"
        took_s = []
        for _ in range(3):
            begin = time.monotonic()
            run("dd", "if=/dev/zero", f"of={target}", "bs=4M", f"count={_PROBE_BYTES // 2**22}", "oflag=direct")
            took_s.append(time.monotonic() - begin)
            target.unlink()
        return int(_PROBE_BYTES / sorted(took_s)[1])


def unmounted(work: Path) -> bool:
    """Whether nothing of an earlier run, killed before its end, is left mounted below ``work``."""
    place = work / "disk"
    return not place.is_dir() or not os.path.ismount(place) or succeeds("umount", place)
