"""What an inspection costs a phone system under call load, with 5,000,000 calls in its table, of four kinds.

    python -m benchmarks.inspection_cost FOLDER [--network N] [--rows 5000000] [--keep]

Makes a lab in FOLDER (root, some 6 GB), inspects each appliance while ten calls are up and a CDR row is written every
20 ms, and writes benchmarks/data/inspection_cost.json and the table in docs/performance.md. Each figure stands beside a
control: the same seconds of the same load without an inspection. CPU is that of the appliance's control group alone,
so that what else the machine does is not in it.
"""
from __future__ import annotations

import argparse
import asyncio
import json
import platform
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import inspection_load as load
from benchmarks.inspection_cpu import Meter
from deployments.lab.container import Container
from deployments.lab.down import down
from deployments.lab.knob import ROOT_SQL
from deployments.lab.layout import Layout
from deployments.lab.progress import ConsoleReporter
from deployments.lab.record import Record
from deployments.lab.spec import ApplianceSpec, Engine
from deployments.lab.up import Lab, up
from tasks.model.answer import Recording, Silence, Why
from tasks.model.release import Release
from tasks.model.sweep import SweepOptions, Target
from tasks.steps.case_site import Site
from tasks.steps.inspect_batch import Visitor

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/performance.md"
DATA = HERE / "data/inspection_cost.json"
BEGIN, END = "<!-- inspection_cost: begin -->", "<!-- inspection_cost: end -->"
KINDS: dict[str, tuple[str, dict[str, object]]] = {
    "innodb-indexed": ("InnoDB, index on calldate", {"engine": Engine.INNODB}),
    "innodb-plain": ("InnoDB, no index", {"engine": Engine.INNODB, "calldate_index": False}),
    "myisam-indexed": ("MyISAM, index on calldate", {"engine": Engine.MYISAM}),
    "myisam-plain": ("MyISAM, no index", {"engine": Engine.MYISAM, "calldate_index": False}),
}
AT_ONCE = 10                    # calls
TIMES = 3                       # inspections of each appliance under load
APART_S = 12.0
SCRATCH = "/tmp"                # noqa: S108  (the server's tmpdir: its time tells that a scratch table was there)
LONGEST_S = 5.0
DIRTY = (
    "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS "
    "WHERE VARIABLE_NAME = 'INNODB_BUFFER_POOL_PAGES_DIRTY'"
)
COUNTERS = ("TABLE_LOCKS_WAITED", "INNODB_ROW_LOCK_WAITS")


Inspect = Callable[[], Awaitable[Recording]]


@dataclass(frozen=True)
class Cost:
    """One kind of appliance. CPU beyond the mean of the load without an inspection; ``control`` is that load alone."""

    kind: str
    inspections: int
    elapsed_s: float            # of the longest inspection
    cpu_s: float                # of the dearest inspection
    busy_stretch_s: float       # longest stretch above BUSY beyond the load
    control_busy_stretch_s: float
    load_cpu: float             # cores
    slowest_insert_ms: float
    control_slowest_insert_ms: float
    inserts: int                # that were under way during the inspections
    lock_waits: int
    control_lock_waits: int     # two calls that end at once wait for one another, in MyISAM
    changed_files: tuple[str, ...]
    changed_tables: tuple[str, ...]
    declined: tuple[str, ...]   # facts that were not asked, to spare the system

    def holds(self) -> bool:
        """What is promised. The control is several times as long, and counts the waits of calls for one another."""
        unchanged = not self.changed_tables and set(self.changed_files) <= {SCRATCH}
        return unchanged and self.busy_stretch_s <= LONGEST_S and self.lock_waits <= self.control_lock_waits


async def cost_of(lab: Lab, record: Record) -> Cost:
    layout, site = Layout.of(lab.directory), Site.named(lab.fleet, record.name, lab.home)
    visitor = Visitor.open(
        SweepOptions(target=Release.parse("7.2.0"), concurrency=1), {"own": site.profile}, lab.home
    )

    async def inspect() -> Recording:
        return await visitor.visit(Target(system=site.system, profile="own"))

    files, tables = await changes(record, layout, inspect)
    meter = Meter(record.name)
    watch = asyncio.create_task(meter.watch())
    recordings, spans = [], []
    async with load.calls(record, layout, AT_ONCE):
        with load.inserting(record) as inserts:
            waits = [lock_waits(record)]
            control_begin = time.monotonic()
            await asyncio.sleep(TIMES * APART_S)
            control_end = time.monotonic()
            for _ in range(TIMES):
                waits.append(lock_waits(record))
                begin = time.monotonic()
                recordings.append(await inspect())
                spans.append((begin, time.monotonic()))
                waits.append(lock_waits(record))
                await asyncio.sleep(APART_S)
    watch.cancel()
    load_cpu = meter.mean(control_begin, control_end)
    after_s = 1.0                           # what the system does at the end of a visit counts too
    cpu_s = [
        (meter.mean(begin, end + after_s) - load_cpu) * (end + after_s - begin) for begin, end in spans
    ]
    declined = _silent(record, recordings[-1])
    return Cost(
        kind=KINDS[record.name][0],
        inspections=TIMES,
        elapsed_s=round(max(end - begin for begin, end in spans), 2),
        cpu_s=round(max(cpu_s), 2),
        busy_stretch_s=round(max(meter.busy_stretch_s(a, b + after_s, load_cpu) for a, b in spans), 2),
        control_busy_stretch_s=round(meter.busy_stretch_s(control_begin, control_end, load_cpu), 2),
        load_cpu=round(load_cpu, 3),
        slowest_insert_ms=round(max(inserts.slowest_ms(*span) for span in spans), 1),
        control_slowest_insert_ms=round(inserts.slowest_ms(control_begin, control_end), 1),
        inserts=sum(inserts.count(*span) for span in spans),
        lock_waits=sum(after - before for before, after in zip(waits[1::2], waits[2::2], strict=True)),
        control_lock_waits=waits[1] - waits[0],
        changed_files=files,
        changed_tables=tables,
        declined=tuple(sorted(declined)),
    )


def _silent(record: Record, recording: Recording) -> list[str]:
    """The facts that were not asked to spare the system. One that was asked in vain is told of: it costs nothing."""
    answers = {**recording.shell, **recording.sql}
    silent = {name: answer for name, answer in answers.items() if isinstance(answer, Silence)}
    for name, answer in silent.items():
        if answer.why is not Why.DECLINED:
            print(f"{record.name}: {name} was not answered: {answer.detail}")
    return [name for name, answer in silent.items() if answer.why is Why.DECLINED]


async def changes(record: Record, layout: Layout, inspect: Inspect) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files and tables that an inspection of the quiet system changed, and a control of the same length did not."""
    before = checksums(record)
    box = Container(layout, record.name, record.rootfs(layout))
    box.run(*ROOT_SQL, "-e", "SET GLOBAL innodb_max_dirty_pages_pct = 0")
    while int(box.run(*ROOT_SQL, "-e", DIRTY)):     # what InnoDB has not written yet is older than the inspection
        time.sleep(0.5)                     # noqa: ASYNC251  (nothing else goes on)
    await asyncio.sleep(5)
    control_began = time.monotonic()
    with Stamp(record.rootfs(layout)) as stamp:
        await inspect()
        await asyncio.sleep(2)
        touched = stamp.changed()
    lasted_s = time.monotonic() - control_began
    with Stamp(record.rootfs(layout)) as stamp:
        await asyncio.sleep(lasted_s)
        anyway = stamp.changed()
    box.run(*ROOT_SQL, "-e", "SET GLOBAL innodb_max_dirty_pages_pct = 90")
    after = checksums(record)
    tables = tuple(name for name in sorted(before) if before[name] != after.get(name))
    return tuple(sorted(touched - anyway)), tables


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


def lock_waits(record: Record) -> int:
    with load.connect(record) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN %s", (COUNTERS,)
        )
        return int(cursor.fetchall()[0][0])


def table(costs: list[Cost], rows: int) -> str:
    lines = [
        f"{rows:,} rows, {AT_ONCE} calls up, a CDR row written every 20 ms; the dearest of {TIMES} inspections each.",
        "",
        "| CDR table | inspection | its CPU | longest over 2 % | load alone | slowest INSERT | load alone | lock waits "
        "| load alone | changed | not asked |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in costs:
        changed = ", ".join((*one.changed_files, *one.changed_tables)) or "nothing"
        cells = (
            one.kind, f"{one.elapsed_s} s", f"{one.cpu_s} s",
            f"{one.busy_stretch_s} s", f"{one.control_busy_stretch_s} s",
            f"{one.slowest_insert_ms} ms", f"{one.control_slowest_insert_ms} ms",
            one.lock_waits, one.control_lock_waits, changed, ", ".join(one.declined) or "-",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def write(costs: list[Cost], rows: int) -> None:
    DATA.parent.mkdir(exist_ok=True)
    told = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "rows": rows, "machine": platform.machine(),
            "costs": [asdict(one) for one in costs]}
    DATA.write_text(json.dumps(told, indent=1) + "\n")
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{table(costs, rows)}\n{END}{rest.partition(END)[2]}")


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("folder", type=Path)
    words.add_argument("--network", type=int, default=44)
    words.add_argument("--rows", type=int, default=5_000_000)
    words.add_argument("--keep", action="store_true", help="leave the lab up")
    asked = words.parse_args()
    specs = [
        ApplianceSpec.model_validate({"name": name, "rows": asked.rows, **more}) for name, (_, more) in KINDS.items()
    ]
    with ConsoleReporter() as reporter:
        lab = up(asked.folder, specs, network=asked.network, reporter=reporter)
    try:
        costs = [asyncio.run(cost_of(lab, record)) for record in lab.appliances]
    finally:
        if not asked.keep:
            down(asked.folder)
    write(costs, asked.rows)
    print(table(costs, asked.rows))
    return int(any(not one.holds() for one in costs))


if __name__ == "__main__":
    raise SystemExit(main())
