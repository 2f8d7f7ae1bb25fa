"""Where a lab keeps its things: all of them inside one folder."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The paths of one lab. ``root`` is absolute and free of links, as mounts are told by it."""

    root: Path

    @classmethod
    def of(cls, directory: Path) -> Layout:
        return cls(directory.resolve())

    @property
    def lock(self) -> Path:
        return self.root / "lab.lock"

    @property
    def pool_image(self) -> Path:
        return self.root / "pool.img"

    @property
    def pool_key(self) -> Path:
        """Which base image the pool was copied from."""
        return self.root / "pool.key"

    @property
    def pool(self) -> Path:
        """The mounted btrfs of the lab."""
        return self.root / "pool"

    @property
    def base(self) -> Path:
        return self.pool / "base"

    @property
    def systems(self) -> Path:
        return self.pool / "systems"

    @property
    def snapshots(self) -> Path:
        return self.pool / "snapshots"

    @property
    def disks(self) -> Path:
        """Images and mount points of appliances that have a small file system of their own."""
        return self.root / "disks"

    @property
    def lxc(self) -> Path:
        return self.root / "lxc"

    @property
    def records(self) -> Path:
        return self.root / "records"

    @property
    def fleet(self) -> Path:
        return self.root / "fleet.yaml"

    @property
    def home(self) -> Path:
        """An UPLIFT_HOME: credentials.yaml, keys, known_hosts."""
        return self.root / "home"

    @property
    def swarm(self) -> Path:
        return self.root / "swarm"

    @property
    def serverware(self) -> Path:
        return self.root / "serverware"

    def is_lab(self) -> bool:
        """Whether a lab was ever begun here: its lock is the first file that it makes, and the last that goes."""
        return self.lock.exists()

    def own(self) -> tuple[Path, ...]:
        """All that a lab ever makes, and so all that taking it down may remove."""
        return (
            self.fleet, self.home, self.swarm, self.serverware, self.records, self.lxc, self.disks, self.pool,
            self.pool_image, self.pool_key, self.pool_image.with_suffix(".new"), self.lock,
        )
