"""The file systems that can fill up, in bytes and inodes, from POSIX df, and on which of them the profile's paths lie.

Where a path lies is asked of the system itself: by its text, a link or a folder that is yet to be made would be judged
by the wrong mount. df follows links; a folder that is not there lies where its nearest parent does.
"""
from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import Mount, Mounts, Place
from tasks.model.profile import Profile
from tasks.model.reading import sections, whole

_LINE = re.compile(
    r"^(?P<device>\S.*?)\s+(?P<size>\d{1,18}|-)\s+(?P<used>\d{1,18}|-)\s+(?P<free>-?\d{1,18}|-)\s+[-\d%]+\s+(?P<path>/.*)$",
    re.ASCII,
)
_COMPLAINT = re.compile(r"^df: '?(/[^':\n]*)", re.MULTILINE)
_OPTION = re.compile(r"^(ro|rw) (/.*)$")
_ERRORS = re.compile(r"^/sys/fs/ext4/([^/]+)/errors_count:(\d{1,9})$", re.ASCII)
_PSEUDO_DEVICES = frozenset((
    "proc", "sysfs", "devtmpfs", "udev", "devpts", "mqueue", "cgroup", "cgroup2", "cgroup_root", "efivarfs", "none",
    "securityfs", "debugfs", "tracefs", "pstore", "bpf", "configfs", "fusectl", "hugetlbfs", "binfmt_misc", "rootfs",
))
_KERNEL_FOLDERS = frozenset(("dev", "proc", "sys", "run"))
_NOT_TOLD = {"dangling": "it is a link to a place that does not exist", "hidden": "the login may not look there"}
_PLACES = (
    "echo --places--; for path in {paths}; do at=$path; "
    "until [ -e \"$at\" ] || [ -L \"$at\" ] || [ \"$at\" = / ]; do at=${{at%/*}}; at=${{at:-/}}; done; "
    "if [ ! -e \"$at\" ]; then printf 'dangling %s\\n' \"$path\"; "
    "elif [ \"$at\" != \"$path\" ] && [ ! -x \"$at\" ]; then printf 'hidden %s\\n' \"$path\"; "
    "else printf 'held %s\\n' \"$path\"; set -- \"$@\" \"$at\"; fi; done; "
    "echo --held--; df -P -k \"$@\"; echo --heldinodes--; df -P -i \"$@\""
)
_OPTIONS = "$2 !~ \"^/(proc|sys|dev|run)(/|$)\" { print substr($4, 1, 2) \" \" $2 }"


def ask(profile: Profile) -> str:
    return "; ".join((
        f"set --; {_PLACES.format(paths=shlex.join(paths_of(profile)))}",
        "echo --bytes--; df -P -k; echo --inodes--; df -P -i",
        "echo --errors--; grep -sHv '^0$' /sys/fs/ext4/*/errors_count",
        f"echo --options--; awk {shlex.quote(_OPTIONS)} /proc/self/mounts",
    ))


def paths_of(profile: Profile) -> tuple[str, ...]:
    """The places that an upgrade, or the system from day to day, writes much to, and those that a remedy can clear.

    Only these can be judged.
    """
    paths = profile.paths
    return tuple(dict.fromkeys((
        "/", paths.root, paths.tree, paths.database_files, paths.backup, *profile.remedies.folders,
    )))


def parse(answer: Answer) -> Mounts:
    told = sections(whole(answer))
    for path in _COMPLAINT.findall(answer.stderr):      # its files would be counted to the mount around it
        if _KERNEL_FOLDERS.isdisjoint(path.split("/")):
            raise Unreadable(f"expected every file system to be readable; df says it is not: {path[:160]!r}")
    read_only = {_unescaped(found[2]): found[1] == "ro" for line in told.get("options", ())
                 if (found := _OPTION.match(line))}
    errors = {f"/dev/{found[1]}": int(found[2]) for line in told.get("errors", ()) if (found := _ERRORS.match(line))}
    mounts = {                      # of two mounts on one path, the later one hides the earlier
        mount.path: replace(mount, read_only=read_only.get(mount.path), errors=errors.get(mount.device, 0))
        for mount in _mounts(told, "bytes", "inodes") if mount.size_bytes and not _is_pseudo(mount)
    }
    if not mounts:
        raise Unreadable("expected the table of `df -P -k`, got no file system in it")
    places = _places(told, mounts, read_only) if "places" in told else None
    return Mounts(tuple(mounts.values()), places)


def _mounts(told: dict[str, list[str]], bytes_: str, inodes: str) -> Iterator[Mount]:
    nodes_of = {found["path"]: found for found in _rows(told.get(inodes, []))}
    for found in _rows(told.get(bytes_, [])):
        nodes = nodes_of.get(found["path"])
        total = _number(nodes["size"]) if nodes else 0
        yield Mount(
            path=found["path"],
            device=found["device"],
            size_bytes=_number(found["size"]) * 1024,
            used_bytes=_number(found["used"]) * 1024,
            free_bytes=max(0, _number(found["free"])) * 1024,
            inodes=total or None,
            inodes_free=max(0, _number(nodes["free"])) if nodes and total else None,
        )


def _places(told: dict[str, list[str]], mounts: dict[str, Mount], read_only: dict[str, bool]) -> tuple[Place, ...]:
    asked = [line.partition(" ") for line in told["places"]]
    held = list(_mounts(told, "held", "heldinodes"))
    if len(held) != sum(state == "held" for state, _, _ in asked):
        raise Unreadable("expected one row of df for each place of the profile, got another number of them")
    rows, places = iter(held), []
    for state, _, path in asked:
        mount = _known(next(rows), mounts, read_only) if state == "held" else None
        why_not = _NOT_TOLD.get(state, "") if mount or state != "held" else "it lies on no file system of a disk"
        places.append(Place(path, mount, why_not))
    return tuple(places)


def _known(held: Mount, mounts: dict[str, Mount], read_only: dict[str, bool]) -> Mount | None:
    """The mount of the table that ``held`` is. A folder bound to another shares the room of its disk, so is that disk.

    What binds may be read only though its disk is not.
    """
    if _is_pseudo(held) or not held.size_bytes:
        return None
    same = [m for m in mounts.values() if m.device == held.device and m.size_bytes == held.size_bytes]
    if held.path not in mounts and held.device.startswith("/") and same and not read_only.get(held.path):
        return same[0]
    return mounts.get(held.path) or replace(held, read_only=read_only.get(held.path))


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


def _is_pseudo(mount: Mount) -> bool:
    return mount.device in _PSEUDO_DEVICES or not _KERNEL_FOLDERS.isdisjoint(mount.path.split("/"))


def _unescaped(path: str) -> str:
    """A path of /proc/self/mounts, which writes a space as \\040."""
    return re.sub(r"\\([0-3][0-7]{2})", lambda found: chr(int(found[1], 8)), path)


FACT = ShellFact("mounts", Mounts, ask, parse)
