"""What an inspection changes on a phone system without load: files of the whole system, checksums of all tables."""
from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks import inspection_load as load
from benchmarks.course import Course, Phase
from deployments.lab.container import Container
from deployments.lab.knob import ROOT_SQL
from deployments.lab.layout import Layout
from deployments.lab.record import Record
from deployments.lab.trouble import LabError
from tasks.model.answer import Recording

Inspect = Callable[[], Awaitable[Recording]]
_WRITTEN_WITHIN_S = 120.0       # MariaDB's own pace is 200 pages a second of at most 8,192
_SETTLE_S = 3.0
_DIRTY = (
    "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS "
    "WHERE VARIABLE_NAME = 'INNODB_BUFFER_POOL_PAGES_DIRTY'"
)
_READING = Phase("the checksums of its tables", 10)
_WRITING = Phase("until its database has written what it holds", 10)
_WITH = Phase("an inspection without load", 7)
_WITHOUT = Phase("as long without an inspection", 7)
PHASES = (_READING, _WRITING, _WITH, _WITHOUT, _READING)


async def changes(
    record: Record, layout: Layout, inspect: Inspect, course: Course
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files and tables that an inspection changed, and a control of the same length did not. Raises LabError."""
    with course.phase(_READING):
        before = await asyncio.to_thread(checksums, record)
    box = Container(layout, record.name, record.rootfs(layout))
    with course.phase(_WRITING):
        box.run(*ROOT_SQL, "-e", "SET GLOBAL innodb_max_dirty_pages_pct = 0")
        await _written(box)             # what InnoDB has not written yet is older than the inspection
        await asyncio.sleep(_SETTLE_S)
    began = time.monotonic()
    with course.phase(_WITH), Stamp(record.rootfs(layout)) as stamp:
        await inspect()
        await asyncio.sleep(1)
        touched = stamp.changed()
    lasted_s = time.monotonic() - began
    with course.phase(_WITHOUT), Stamp(record.rootfs(layout)) as stamp:
        await asyncio.sleep(lasted_s)
        anyway = stamp.changed()
    box.run(*ROOT_SQL, "-e", "SET GLOBAL innodb_max_dirty_pages_pct = 90")
    with course.phase(_READING):
        after = await asyncio.to_thread(checksums, record)
    tables = tuple(name for name in sorted(before) if before[name] != after.get(name))
    return tuple(sorted(touched - anyway)), tables


async def _written(box: Container) -> None:
    until = time.monotonic() + _WRITTEN_WITHIN_S
    while pages := int(box.run(*ROOT_SQL, "-e", _DIRTY)):
        if time.monotonic() > until:
            raise LabError(
                f"{box.name}: MariaDB still holds {pages} pages that it has not written after {_WRITTEN_WITHIN_S:.0f} "
                "s; measure on a machine whose disk does nothing else"
            )
        await asyncio.sleep(0.5)


class Stamp:
    """A file whose time divides what is older from what is newer on an appliance's file system."""

    def __init__(self, rootfs: Path) -> None:
        self._rootfs = rootfs

    def __enter__(self) -> Stamp:
        self._path = self._rootfs.parent / f".{self._rootfs.name}.stamp"
        time.sleep(0.05)
        self._path.touch()
        time.sleep(0.05)
        return self

    def changed(self) -> set[str]:
        """Files and folders with newer content or attributes; what the kernel shows as files is another file system."""
        found = subprocess.run(
            ["find", self._rootfs, "-xdev", "(", "-newer", self._path, "-o", "-cnewer", self._path, ")", "-printf",
             "/%P\\n"],
            capture_output=True, text=True, check=True,
        )
        return set(found.stdout.splitlines())

    def __exit__(self, *_: object) -> None:
        self._path.unlink()


def checksums(record: Record) -> dict[str, tuple[object, ...]]:
    """CHECKSUM TABLE of every table, and when the server last wrote to it."""
    with load.connect(record) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT TABLE_NAME, UPDATE_TIME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'pbxware'")
        written = dict(cursor.fetchall())
        cursor.execute("CHECKSUM TABLE " + ", ".join(f"`{name}`" for name in written))
        return {name.partition(".")[2]: (total, written[name.partition(".")[2]]) for name, total in cursor.fetchall()}
