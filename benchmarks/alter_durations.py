"""Measure how long the upgrader's ALTER of the table of calls takes, on real tables, a real MariaDB and a slowed disk.

``python -m benchmarks.alter_durations --minutes 12 [--seed N] [--tables N] [--disks N] [--repeat N]``

Needs root, MariaDB's server and 10 GB of room. Each measurement is one line of ``benchmarks/data/alter_durations.csv``;
a run of the same seed goes on where it was stopped, another seed measures other tables. ``foreign_cpu`` is the share of
the machine's processors that others used meanwhile. Then ``python -m benchmarks.alter_fit`` fits and scores the model.
"""
from __future__ import annotations

import argparse
import csv
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.alter_design import CdrSpec, disks_of, tables_of
from benchmarks.alter_disk import SlowDisk, unmounted
from benchmarks.alter_server import Server, fill, leave_group, make_datadir, serving, upgraders_alter
from deployments.cli.output import progress_console
from deployments.lab.command import run

DATA = Path(__file__).parent / "data" / "alter_durations.csv"
COLUMNS = (
    "seed", "table", "repetition", "measured_at", "server", "engine", "true_rows", "rows", "data_bytes", "index_bytes",
    "calldate_index", "did_column", "userfield_bytes", "disk", "disk_bytes_per_s", "duration_s", "cpu_s", "foreign_cpu",
)


@dataclass(frozen=True)
class Job:
    """One ALTER of a table; ``disk`` is the limit in bytes a second, None without one."""

    spec: CdrSpec
    disk: int | None
    repetition: int

    @property
    def key(self) -> tuple[str, str, str]:
        return str(self.spec.number), str(self.disk or "full"), str(self.repetition)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=12.0, help="begin no measurement after so many minutes")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--tables", type=int, default=36)
    options.add_argument("--disks", type=int, default=3, help="how many of the five disks each table meets")
    options.add_argument("--repeat", type=int, default=1)
    options.add_argument("--out", type=Path, default=DATA)
    options.add_argument("--work", type=Path, default=Path("/var/tmp/uplift-alter"))  # noqa: S108
    asked = options.parse_args()
    end = time.monotonic() + asked.minutes * 60
    done = _done(asked.out, asked.seed)
    specs = tables_of(asked.seed, asked.tables)
    wanted = [list(_jobs(asked.seed, spec, asked.disks, asked.repeat)) for spec in specs]
    jobs = [[job for job in of_table if job.key not in done] for of_table in wanted]
    unmounted(asked.work)
    shutil.rmtree(asked.work, ignore_errors=True)
    asked.work.mkdir(parents=True)
    disk = SlowDisk(asked.work)
    try:
        _measure(asked.seed, [each for each in jobs if each], disk, asked.work, asked.out, end)
    finally:
        disk.close()
        leave_group()
        shutil.rmtree(asked.work, ignore_errors=True)


def _jobs(seed: int, spec: CdrSpec, disks: int, repeat: int) -> Iterator[Job]:
    for repetition in range(repeat):
        for disk in disks_of(seed, spec, disks):
            yield Job(spec, disk, repetition)


def _measure(seed: int, jobs: list[list[Job]], disk: SlowDisk, work: Path, out: Path, end: float) -> None:
    template, filled = work / "template", work / "filled"
    make_datadir(template)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=progress_console()) as progress:
        bar = progress.add_task("measuring", total=sum(map(len, jobs)))
        for of_table in jobs:
            spec = of_table[0].spec
            if time.monotonic() > end:
                progress.console.print("the time is over: the same command goes on from here")
                return
            progress.update(bar, description=f"table {spec.number}: {spec.rows:,} rows, {spec.engine}")
            fill(template, filled, work, spec)
            for job in of_table:
                if time.monotonic() > end:
                    break
                _append(out, {"seed": seed, **_measured(job, filled, disk, work)})
                progress.advance(bar)


def _measured(job: Job, filled: Path, disk: SlowDisk, work: Path) -> dict[str, object]:
    """Copy the table to the disk, forget what is in memory, and alter it once."""
    disk.emptied()
    datadir = disk.mount / "data"
    run("cp", "-a", filled, datadir)
    disk.cold()
    with serving(datadir, work, cleanly=False) as server:
        server.run("USE pbxware")
        table = server.cdr()
        disk.limit(job.disk)
        try:
            took_s, cpu_s, foreign = _altered(server)
        finally:
            disk.limit(None)
        version = server.run("SELECT VERSION()")[0][0]
    spec = job.spec
    return {
        "table": spec.number, "repetition": job.repetition,
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "server": version,
        "engine": spec.engine.value, "true_rows": spec.rows, "rows": table.rows, "data_bytes": table.data_bytes,
        "index_bytes": table.index_bytes, "calldate_index": int(spec.calldate_index),
        "did_column": int(spec.did_column), "userfield_bytes": spec.userfield_bytes, "disk": job.disk or "full",
        "disk_bytes_per_s": job.disk or disk.full_bytes_per_s, "duration_s": round(took_s, 3),
        "cpu_s": round(cpu_s, 2), "foreign_cpu": round(foreign, 3),
    }


def _altered(server: Server) -> tuple[float, float, float]:
    """Wall seconds, the server's processor seconds, and the share of the processors that others used."""
    busy_before, own_before, begin = _busy_s(), server.cpu_s(), time.monotonic()
    server.run(upgraders_alter())
    took_s = time.monotonic() - begin
    own_s = server.cpu_s() - own_before
    foreign_s = max(0.0, _busy_s() - busy_before - own_s)
    return took_s, own_s, min(1.0, foreign_s / (took_s * (os.cpu_count() or 1)))


def _busy_s() -> float:
    """Processor seconds that the machine has spent on anything, what its host took away included."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def _done(out: Path, seed: int) -> set[tuple[str, str, str]]:
    if not out.is_file():
        return set()
    with out.open(newline="") as lines:
        return {
            (row["table"], row["disk"], row["repetition"]) for row in csv.DictReader(lines) if row["seed"] == str(seed)
        }


def _append(out: Path, row: dict[str, object]) -> None:
    new = not out.is_file()
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    main()
