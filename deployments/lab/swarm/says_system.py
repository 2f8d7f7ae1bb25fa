"""What the shells of the swarm say of the system itself: disks."""
from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from deployments.lab.swarm.traits import MountTraits
from tasks.facts.mounts import paths_of
from tasks.model.answer import Answer
from tasks.model.profile import Profile

if TYPE_CHECKING:
    from deployments.lab.swarm.answers import Speaker

PROFILE = Path(__file__).parents[2] / "profiles/lab.yaml"
PSEUDO_MOUNTS = (
    MountTraits("udev", "/dev", 1_981_824, 0, 495_456, 412, reserved=False),
    MountTraits("tmpfs", "/run", 401_332, 924, 501_664, 655, reserved=False),
    MountTraits("tmpfs", "/dev/shm", 2_006_656, 0, 501_664, 1, reserved=False),  # noqa: S108  (text of df)
)
_SIZES, _INODES = ("1024-blocks", "Used", "Available", "Capacity"), ("Inodes", "IUsed", "IFree", "IUse%")


def mounts(speaker: Speaker) -> Answer:
    own = speaker.traits.mounts
    every = (*PSEUDO_MOUNTS[:2], *own, PSEUDO_MOUNTS[2])
    paths = _paths()
    held = tuple(max((m for m in own if _leads(m.path, path)), key=lambda m: len(m.path)) for path in paths)
    places = "".join(f"held {path}\n" for path in paths)
    options = "".join(f"rw {mount.path}\n" for mount in own)
    return said(
        f"--places--\n{places}--held--\n{_sizes(held)}--heldinodes--\n{_inodes(held)}--bytes--\n{_sizes(every)}--inodes--\n{_inodes(every)}--errors--\n--options--\n{options}"
    )


@cache
def _paths() -> tuple[str, ...]:
    """The swarm's systems are asked by the lab's profile."""
    return paths_of(Profile.model_validate(yaml.safe_load(PROFILE.read_text())))


def _leads(mount: str, path: str) -> bool:
    return mount in ("/", path) or path.startswith(f"{mount}/")


def _sizes(mounts: tuple[MountTraits, ...]) -> str:
    return df(_SIZES, [(m.device, m.kib, m.used_kib, m.free_kib, m.path) for m in mounts])


def _inodes(mounts: tuple[MountTraits, ...]) -> str:
    return df(_INODES, [(m.device, m.inodes, m.inodes_used, m.inodes - m.inodes_used, m.path) for m in mounts])


def df(titles: tuple[str, str, str, str], mounts: list[tuple[str, int, int, int, str]]) -> str:
    """The table of `df -P`: device, size, used, free, path; as coreutils aligns and rounds it."""
    rows: list[tuple[str, ...]] = [("Filesystem", *titles, "Mounted on")]
    for device, size, used, free, path in mounts:
        fraction = f"{-(-used * 100 // (used + free))}%" if used + free else "-"
        rows.append((device, *(str(number) if size else "0" for number in (size, used, free)), fraction, path))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    least = (14, 5, 5, 5, 4)
    first, *numbers = (max(pair) for pair in zip(widths, least, strict=True))
    lines = (
        (row[0].ljust(first), *map(str.rjust, row[1:5], numbers), row[5]) for row in rows
    )
    return "".join(f"{' '.join(line)}\n" for line in lines)


def said(text: str) -> Answer:
    return Answer(exit_code=0, stdout=text)


SAYS = {"mounts": mounts}
