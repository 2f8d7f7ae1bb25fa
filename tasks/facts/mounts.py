"""The file systems that can fill up, in bytes and in inodes, from POSIX df."""
from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import Mount, Mounts
from tasks.model.profile import Profile
from tasks.model.reading import sections, whole

_LINE = re.compile(
    r"^(?P<device>\S.*?)\s+(?P<size>\d{1,18}|-)\s+(?P<used>\d{1,18}|-)\s+(?P<free>-?\d{1,18}|-)\s+[-\d%]+\s+(?P<path>/.*)$",
    re.ASCII,
)
_COMPLAINT = re.compile(r"^df: '?(/[^':\n]*)", re.MULTILINE)
_PSEUDO_DEVICES = frozenset((
    "proc", "sysfs", "devtmpfs", "udev", "devpts", "mqueue", "cgroup", "cgroup2", "cgroup_root", "efivarfs", "none",
    "securityfs", "debugfs", "tracefs", "pstore", "bpf", "configfs", "fusectl", "hugetlbfs", "binfmt_misc", "rootfs",
))
_KERNEL_FOLDERS = frozenset(("dev", "proc", "sys", "run"))


def ask(profile: Profile) -> str:
    return "echo --bytes--; df -P -k; echo --inodes--; df -P -i"


def parse(answer: Answer) -> Mounts:
    told = sections(whole(answer))
    for path in _COMPLAINT.findall(answer.stderr):      # its files would be counted to the mount around it
        if _KERNEL_FOLDERS.isdisjoint(path.split("/")):
            raise Unreadable(f"expected every file system to be readable; df says it is not: {path[:160]!r}")
    inodes = {found["path"]: found for found in _rows(told.get("inodes", []))}
    mounts: dict[str, Mount] = {}
    for found in _rows(told.get("bytes", [])):
        size, path = _number(found["size"]), found["path"]
        if not size or _is_pseudo(found["device"], path):
            continue
        nodes = inodes.get(path)
        total = _number(nodes["size"]) if nodes else 0
        mounts[path] = Mount(               # of two mounts on one path, the later one hides the earlier
            path=path,
            device=found["device"],
            size_bytes=size * 1024,
            used_bytes=_number(found["used"]) * 1024,
            free_bytes=max(0, _number(found["free"])) * 1024,
            inodes=total or None,
            inodes_free=max(0, _number(nodes["free"])) if nodes and total else None,
        )
    if not mounts:
        raise Unreadable("expected the table of `df -P -k`, got no file system in it")
    return Mounts(tuple(mounts.values()))


def _rows(lines: list[str]) -> Iterator[re.Match[str]]:
    """The lines that are rows; a row that an old df wrapped after a long device name is joined again."""
    device = ""
    for line in lines:
        found = _LINE.match(line if not line[0].isspace() else f"{device} {line}")
        if found:
            yield found
        device = "" if found else line.strip()


def _number(text: str) -> int:
    return 0 if text == "-" else int(text)


def _is_pseudo(device: str, path: str) -> bool:
    return device in _PSEUDO_DEVICES or not _KERNEL_FOLDERS.isdisjoint(path.split("/"))


FACT = ShellFact("mounts", Mounts, ask, parse)
