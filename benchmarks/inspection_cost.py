"""What an inspection costs a phone system under call load, with 5,000,000 calls in its table, of four kinds.

    python -m benchmarks.inspection_cost FOLDER [--network N] [--rows 5000000] [--keep]

Makes a lab in FOLDER (root, some 6 GB), inspects each appliance while ten calls are up and a CDR row is written every
20 ms, and writes benchmarks/data/inspection_cost.json and the table in docs/performance.md. Each figure stands beside a
control: the same load without an inspection, for no fewer seconds than the inspections take. CPU is that of the
appliance's control group alone, so that what else the machine does is not in it.
"""
from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import platform
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import inspection_load as load
from benchmarks.course import Course, Phase
from benchmarks.inspection_changes import PHASES as CHANGES
from benchmarks.inspection_changes import Inspect, changes
from benchmarks.inspection_cpu import Meter
from deployments.lab.down import down
from deployments.lab.layout import Layout
from deployments.lab.progress import ConsoleReporter
from deployments.lab.record import Record
from deployments.lab.spec import ApplianceSpec, Engine
from deployments.lab.trouble import LabError
from deployments.lab.up import Lab, up
from tasks.facts import channels
from tasks.model.answer import Answer, Recording, Silence, Why
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
SCRATCH = "/tmp"                # noqa: S108  (the server's tmpdir: its time tells that a scratch table was there)
LONGEST_S = 5.0
CONTROL_S = 24.0                # at least; a call begins and one ends every other second
APART_S = 4.0
AFTER_S = 1.0                   # what the system does at the end of a visit counts too
COMING_UP = Phase("calls come up", load.CALL_S)
CONTROL = Phase("load without an inspection", CONTROL_S)
INSPECTION = Phase("an inspection under load", 8)
PHASES = (*CHANGES, COMING_UP, *[INSPECTION] * TIMES, CONTROL)
COUNTERS = ("TABLE_LOCKS_WAITED", "INNODB_ROW_LOCK_WAITS")


@dataclass(frozen=True)
class Cost:
    """One kind of appliance. CPU beyond the mean of the load without an inspection; ``control`` is that load alone."""

    kind: str
    inspections: int
    elapsed_s: float            # of the longest inspection
    cpu_s: float                # of the dearest inspection
    busy_stretch_s: float       # longest stretch above BUSY beyond the load
    control_s: float
    control_busy_stretch_s: float
    load_cpu: float             # cores
    calls_up: int               # the fewest; Asterisk counts two for a call that begins on a Local channel
    slowest_insert_ms: float
    control_slowest_insert_ms: float
    inserts: int                # that were under way during the inspections
    lock_waits: int
    control_lock_waits: int     # two calls that end at once wait for one another, in MyISAM
    changed_files: tuple[str, ...]
    changed_tables: tuple[str, ...]
    declined: tuple[str, ...]   # facts that were not asked, to spare the system

    def holds(self) -> bool:
        """What is promised, of a system that was under load. The control counts the waits of calls for one another."""
        loaded = self.calls_up >= AT_ONCE and self.inserts > 0
        unchanged = not self.changed_tables and set(self.changed_files) <= {SCRATCH}
        return loaded and unchanged and self.busy_stretch_s <= LONGEST_S and self.lock_waits <= self.control_lock_waits


@dataclass(frozen=True)
class UnderLoad:
    """What was seen while the load went on: spans are moments of ``time.monotonic``, lock waits are those in a span."""

    meter: Meter
    inserts: load.Inserts
    recordings: list[Recording]
    spans: list[tuple[float, float]]
    lock_waits: list[int]
    control: tuple[float, float]
    control_lock_waits: int


async def cost_of(lab: Lab, record: Record, course: Course) -> Cost:
    layout, site = Layout.of(lab.directory), Site.named(lab.fleet, record.name, lab.home)
    visitor = Visitor.open(
        SweepOptions(target=Release.parse("7.2.0"), concurrency=1), {"own": site.profile}, lab.home
    )

    async def inspect() -> Recording:
        return await visitor.visit(Target(system=site.system, profile="own"))

    files, tables = await changes(record, layout, inspect, course)
    seen = await under_load(record, layout, inspect, course)
    meter, load_cpu = seen.meter, seen.meter.mean(*seen.control)
    spans = [(begin, end + AFTER_S) for begin, end in seen.spans]
    return Cost(
        kind=KINDS[record.name][0],
        inspections=TIMES,
        elapsed_s=round(max(end - begin for begin, end in seen.spans), 2),
        cpu_s=round(max((meter.mean(begin, end) - load_cpu) * (end - begin) for begin, end in spans), 2),
        busy_stretch_s=round(max(meter.busy_stretch_s(*span, load_cpu) for span in spans), 2),
        control_s=round(seen.control[1] - seen.control[0], 1),
        control_busy_stretch_s=round(meter.busy_stretch_s(*seen.control, load_cpu), 2),
        load_cpu=round(load_cpu, 3),
        calls_up=min(calls_up(recording) for recording in seen.recordings),
        slowest_insert_ms=round(max(seen.inserts.slowest_ms(*span) for span in seen.spans), 1),
        control_slowest_insert_ms=round(seen.inserts.slowest_ms(*seen.control), 1),
        inserts=sum(seen.inserts.count(*span) for span in seen.spans),
        lock_waits=sum(seen.lock_waits),
        control_lock_waits=seen.control_lock_waits,
        changed_files=files,
        changed_tables=tables,
        declined=tuple(sorted(_silent(record, seen.recordings[-1]))),
    )


async def under_load(record: Record, layout: Layout, inspect: Inspect, course: Course) -> UnderLoad:
    """Inspect while calls come and go; then watch the load alone for no fewer seconds than the inspections took."""
    recordings, spans, waits = [], [], []
    meter = Meter(record.name)
    watch = asyncio.create_task(meter.watch())
    async with contextlib.AsyncExitStack() as stack:
        with course.phase(COMING_UP):
            await stack.enter_async_context(load.calls(record, layout, AT_ONCE))
        inserts = stack.enter_context(load.inserting(record))
        for _ in range(TIMES):
            with course.phase(INSPECTION):
                before, begin = lock_waits(record), time.monotonic()
                recordings.append(await inspect())
                spans.append((begin, time.monotonic()))
                waits.append(lock_waits(record) - before)
                await asyncio.sleep(APART_S)
        with course.phase(CONTROL):
            before, begin = lock_waits(record), time.monotonic()
            await asyncio.sleep(max(CONTROL_S, sum(end - start for start, end in spans)))
            control = (begin, time.monotonic())
            control_waits = lock_waits(record) - before
    watch.cancel()
    return UnderLoad(meter, inserts, recordings, spans, waits, control, control_waits)


def calls_up(recording: Recording) -> int:
    """As the inspected system told them itself."""
    answer = recording.shell["channels"]
    return channels.parse(answer).calls if isinstance(answer, Answer) else 0


def _silent(record: Record, recording: Recording) -> list[str]:
    """The facts that were not asked to spare the system. One that was asked in vain is told of: it costs nothing."""
    answers = {**recording.shell, **recording.sql}
    silent = {name: answer for name, answer in answers.items() if isinstance(answer, Silence)}
    for name, answer in silent.items():
        if answer.why is not Why.DECLINED:
            print(f"{record.name}: {name} was not answered: {answer.detail}")
    return [name for name, answer in silent.items() if answer.why is Why.DECLINED]


def lock_waits(record: Record) -> int:
    with load.connect(record) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN %s", (COUNTERS,)
        )
        return int(cursor.fetchall()[0][0])


def table(costs: list[Cost], rows: int, took_s: float) -> str:
    lines = [
        f"{rows:,} rows, {AT_ONCE} calls up, a CDR row written every 20 ms; the dearest of {TIMES} inspections each. "
        f"The whole measurement took {round(took_s / 60)} minutes.",
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


def write(costs: list[Cost], rows: int, took_s: float) -> None:
    DATA.parent.mkdir(exist_ok=True)
    told = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "rows": rows, "machine": platform.machine(),
            "took_s": round(took_s), "costs": [asdict(one) for one in costs]}
    DATA.write_text(json.dumps(told, indent=1) + "\n")
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{table(costs, rows, took_s)}\n{END}{rest.partition(END)[2]}")


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
    began = time.monotonic()
    try:
        with ConsoleReporter() as reporter:
            lab = up(asked.folder, specs, network=asked.network, reporter=reporter)
        costs = measured(lab)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped: nothing was written", file=sys.stderr)
        return 130
    finally:
        if not asked.keep:
            down(asked.folder)
    took_s = time.monotonic() - began
    write(costs, asked.rows, took_s)
    print(table(costs, asked.rows, took_s))
    for one in costs:
        if not one.holds():
            print(f"{one.kind}: what is promised does not hold")
    return int(any(not one.holds() for one in costs))


def measured(lab: Lab) -> list[Cost]:
    """One appliance after the other: each has the machine to itself."""
    costs = []
    with Course(PHASES * len(lab.appliances)) as course:
        for record in lab.appliances:
            course.of(record.name)
            costs.append(asyncio.run(cost_of(lab, record, course)))
    return costs


if __name__ == "__main__":
    raise SystemExit(main())
