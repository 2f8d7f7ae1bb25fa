"""Snapshots, clones and restores of a lab's systems: what SERVERware does for the real ones.

A snapshot is a read-only subvolume kept under a label; a clone is a system of its own beside its original. Each
function can be killed at any moment and repeated; repeated after it was done, it changes nothing. A snapshot of a
running system is as after a power cut: InnoDB and Aria recover, a MyISAM table under inserts comes back corrupt.
``uplift lab up`` keeps snapshots and removes clones.
"""
from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deployments.lab import pool
from deployments.lab.command import run
from deployments.lab.container import Container, Network
from deployments.lab.layout import Layout
from deployments.lab.make import remove
from deployments.lab.record import Record, records
from deployments.lab.trouble import LabError

_EXCHANGE = 2                               # RENAME_EXCHANGE of renameat2(2)
_HERE = -100                                # AT_FDCWD


@dataclass(frozen=True)
class Snapshot:
    name: str                               # the system that it was taken of
    label: str
    taken_at: datetime


def snapshot(layout: Layout, name: str, label: str) -> None:
    """Keep the state of a system, running or not, under ``label``; takes some 20 ms. A label is told once in a lab."""
    with _held(layout, name):
        _on_pool(layout, name)
        others = [found for found in _of_label(layout, label) if found.parent.name != name]
        if others:
            raise LabError(f"{label} is a snapshot of {others[0].parent.name} already; choose another label")
        target = layout.snapshots / name / label
        if not target.exists():
            pool.clone(layout.systems / name, target, read_only=True)


def clone(layout: Layout, name: str, as_name: str, *, sealed: bool = True, label: str | None = None) -> Container:
    """A system ``as_name`` made of ``name`` as it is now, or as it was at ``label``; it is not started.

    Sealed, it has a loopback of its own and can run beside its original with the same address; reach it by
    ``Container.run``. Otherwise it can run only while its original does not.
    """
    with _held(layout, as_name):
        if as_name in records(layout):
            raise LabError(f"{as_name} is a system of this lab; give the clone another name")
        source = _snapshot_of(layout, name, label) if label else layout.systems / name
        if label is None:
            _on_pool(layout, name)
        box = Container(layout, as_name, layout.systems / as_name)
        if not box.rootfs.exists():
            pool.clone(source, box.rootfs)
        box.write_config(Network.SEALED if sealed else Network.SHARED)
        return box


def restore(layout: Layout, name: str, label: str, *, start: bool = True) -> Container:
    """Put a system back to what it was at ``label``; all that it became since is gone. It is ended first, as by a
    power cut, and then started; ``boot`` also waits until it serves.
    """
    with _held(layout, name):
        _on_pool(layout, name)
        source = _snapshot_of(layout, name, label)
        box = Container(layout, name, layout.systems / name)
        box.stop(kill=True)
        fresh = layout.pool / "restoring" / name
        pool.delete_subvolume(fresh)            # of a restore that was killed: nobody's
        pool.clone(source, fresh)
        _exchange(fresh, box.rootfs)
        pool.delete_subvolume(fresh)
        if start:
            box.start()
        return box


def delete(layout: Layout, label: str) -> None:
    """Remove the snapshot ``label`` and the clone of that name, whichever there is; never a system of the lab."""
    with _held(layout, label):
        for path in _of_label(layout, label):
            pool.delete_subvolume(path)
        if label not in records(layout) and (layout.systems / label).exists():
            remove(layout, label)


def listed(layout: Layout) -> tuple[Snapshot, ...]:
    """All snapshots, oldest first."""
    found = [Snapshot(path.parent.name, path.name, _taken_at(path)) for path in layout.snapshots.glob("*/*")]
    return tuple(sorted(found, key=lambda each: (each.taken_at, each.label)))


def clones(layout: Layout) -> tuple[str, ...]:
    known = records(layout)
    return tuple(sorted(path.name for path in layout.systems.glob("*") if path.name not in known))


def boot(layout: Layout, name: str, *, telephony: bool = True) -> Container:
    """Start a system where it does not run, and wait for its MariaDB, its OpenSSH and (``telephony``) Asterisk."""
    box = Container(layout, name, layout.systems / name)
    if not box.running():
        box.start()
    box.wait("MariaDB", "/opt/pbxware/sh/mysql", "-e", "SELECT 1")
    box.wait("OpenSSH", "bash", "-c", f"exec 3<>/dev/tcp/{_record(layout, name).address}/2020")
    if telephony:
        box.wait("Asterisk", "/opt/pbxware/sh/asterisk", "-rx", "core waitfullybooted")
    return box


def _record(layout: Layout, name: str) -> Record:
    known = records(layout)
    if name not in known:
        raise LabError(f"{name} is not a system of this lab; it has {', '.join(known) or 'none'}")
    return known[name]


def _on_pool(layout: Layout, name: str) -> None:
    if _record(layout, name).small_disk:
        raise LabError(f"{name} has a small file system of its own, of which no snapshot can be taken; choose another")


def _of_label(layout: Layout, label: str) -> list[Path]:
    return [path for path in layout.snapshots.glob("*/*") if path.name == label]


def _snapshot_of(layout: Layout, name: str, label: str) -> Path:
    path = layout.snapshots / name / label
    if not path.exists():
        raise LabError(f"there is no snapshot {label} of {name}; take one first")
    return path


def _taken_at(path: Path) -> datetime:
    told = run("btrfs", "subvolume", "show", path)
    line = next(line for line in told.splitlines() if "Creation time:" in line)
    return datetime.strptime(line.split(":", 1)[1].strip(), "%Y-%m-%d %H:%M:%S %z")


def _exchange(one: Path, other: Path) -> None:
    """Let two subvolumes change places in one step, so that the system is never without one."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise LabError(f"{other} cannot be put in place: {errno.errorcode.get(number, number)}; see its file system")


@contextmanager
def _held(layout: Layout, name: str) -> Iterator[None]:
    """One at a time works on a system or label; others wait. The kernel lets go when the holder dies."""
    layout.records.mkdir(parents=True, exist_ok=True)
    with (layout.records / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
