"""What a sweep costs its own machine, beside a bare asyncssh loop over the same systems, in the same run.

``python -m benchmarks.sweep [--systems N] [--repeat R]`` builds a lab, measures each way R times in turn and prints the
medians: wall seconds, and processor milliseconds of the client for one system. The swarm runs on the same machine, so
the wall seconds hold both sides; the processor time is the client's alone.
"""
from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import CONCURRENCY
from deployments.cli.output import print_json, print_table
from deployments.lab.down import down
from deployments.lab.up import Lab, up

NETWORK = 95
WAYS = ("bare asyncssh loop", "sweep without MySQL", "sweep with MySQL")
UPLIFT = Path(sys.executable).with_name("uplift")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--systems", type=int, default=500)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="uplift-bench-", dir="/var/tmp"))
    try:
        lab = up(directory, [], swarm=asked.systems, network=NETWORK)
        runs = [{way: _measured(way, lab, directory) for way in WAYS} for _ in range(asked.repeat)]
    finally:
        down(directory)
        shutil.rmtree(directory, ignore_errors=True)
    rows = [_row(way, [run[way] for run in runs], asked.systems) for way in WAYS]
    base = rows[0]["client_ms_a_system"]
    for row in rows:
        row["ratio"] = round(float(row["client_ms_a_system"]) / float(base), 2)
    if asked.json:
        print_json({"systems": asked.systems, "repeat": asked.repeat, "ways": rows})
    else:
        print_table(tuple(rows[0]), [tuple(row.values()) for row in rows], title=f"{asked.systems} systems, medians")


def _measured(way: str, lab: Lab, directory: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak megabytes of one run in a process of its own."""
    out = directory / "out"
    shutil.rmtree(out, ignore_errors=True)
    sweep = [str(UPLIFT), "sweep", str(lab.fleet), "--target", "7.2.0", "--out", str(out), "--json"]
    sweep += ["--concurrency", str(CONCURRENCY)]
    bare = [sys.executable, "-m", "benchmarks.sweep_bare", str(lab.fleet), str(lab.home)]
    words = {WAYS[0]: bare, WAYS[1]: [*sweep, "--no-mysql"], WAYS[2]: sweep}[way]
    begin = time.monotonic()
    process = subprocess.Popen(words, env={**os.environ, "UPLIFT_HOME": str(lab.home)}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{way} failed with exit code {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _row(way: str, runs: list[tuple[float, float, float]], systems: int) -> dict[str, object]:
    wall, cpu, peak = (statistics.median(column) for column in zip(*runs, strict=True))
    return {
        "way": way,
        "wall_s": round(wall, 1),
        "client_ms_a_system": round(cpu * 1000 / systems, 2),
        "peak_mb": round(peak),
    }


if __name__ == "__main__":
    main()
