"""What sealing the raw answers costs: a sweep's facts written, completed and judged, sealed and plain, in one run.

``python -m benchmarks.sealing SWEEP [--systems N] [--repeat R]`` takes the answers of a stored sweep, as many of them
as N systems give, each time in a process of its own. Told are processor seconds (the machine's other work does not
count in them), the peak of memory and the bytes of ``facts/``; medians of R runs in turn.
"""
from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from deployments.cli.output import print_table
from tasks.model.answer import Recording
from tasks.model.sweep import SweepPlan, Target
from tasks.wire.sealed import Sealer
from tasks.wire.sweep_folder import SweepFolder

WAYS = ("plain", "sealed")
FIGURES = ("append_s", "complete_s", "judge_s", "peak_mb", "facts_mb")


class Plain(Sealer):
    """As facts were written before."""

    def seal(self, content: bytes, name: str, *, deflate: bool = True) -> bytes:
        return content

    def seal_line(self, content: bytes, name: str) -> bytes:
        return content + b"\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sweep", type=Path)
    options.add_argument("--systems", type=int, default=10_000)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.way:
        print(json.dumps(_measured(asked.sweep, asked.systems, asked.way)))
        return
    runs = [{way: _in_a_process(asked.sweep, asked.systems, way) for way in WAYS} for _ in range(asked.repeat)]
    medians = {way: {name: statistics.median(run[way][name] for run in runs) for name in FIGURES} for way in WAYS}
    whole = {way: sum(medians[way][name] for name in FIGURES[:3]) for way in WAYS}
    rows = [(way, *(f"{medians[way][name]:.2f}" for name in FIGURES), f"{whole[way]:.2f}") for way in WAYS]
    print_table(("facts", *FIGURES, "all_s"), rows, title=f"{asked.systems} systems, medians of {asked.repeat}")
    print(f"sealing costs {100 * (whole['sealed'] / whole['plain'] - 1):.1f} % of writing, completing and judging")


def _in_a_process(sweep: Path, systems: int, way: str) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.sealing", str(sweep), "--systems", str(systems), "--way", way]
    told: dict[str, float] = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    return told


def _measured(sweep: Path, systems: int, way: str) -> dict[str, float]:
    from tasks.steps.judge_sweep import judge_sweep

    plan, targets = SweepFolder(sweep).load()
    answers = [each for shard in range(plan.shards) for each in SweepFolder(sweep).recordings(shard)]
    by_id = {target.system.id: target for target in targets}
    chosen = [(f"{number:05}", each) for number, each in enumerate(islice(cycle(answers), systems))]
    with tempfile.TemporaryDirectory(prefix="uplift-sealing-", dir="/var/tmp") as place:
        home = Path(place) / "home"
        home.mkdir(mode=0o700)
        folder = SweepFolder(Path(place) / "sweep", home)
        if way == "plain":
            folder._sealer = Plain(home)
        plan = plan.model_copy(update={"systems": systems})
        folder.create(plan, tuple(_target(by_id[each.system_id], name) for name, each in chosen))
        spent = _written(folder, plan, chosen)
        begun = time.process_time()
        judge_sweep(folder)
        judged_s = time.process_time() - begun
        size = sum(path.stat().st_size for path in folder.facts.iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"append_s": spent[0], "complete_s": spent[1], "judge_s": judged_s, "peak_mb": peak, "facts_mb": size / 1e6}


def _written(folder: SweepFolder, plan: SweepPlan, chosen: list[tuple[str, Recording]]) -> tuple[float, float]:
    """Processor seconds of appending and of completing all shards."""
    appending = completing = 0.0
    for shard in range(plan.shards):
        first = shard * plan.options.shard_size
        theirs = chosen[first : first + plan.options.shard_size]
        named = [each.model_copy(update={"system_id": name}) for name, each in theirs]
        with folder.appending(shard) as appender:
            begun = time.process_time()
            for each in named:
                appender.append(each)
            appended = time.process_time()
            folder.seal(shard)
            appending, completing = appending + appended - begun, completing + time.process_time() - appended
    return appending, completing


def _target(target: Target, name: str) -> Target:
    return target.model_copy(update={"system": target.system.model_copy(update={"id": name})})


if __name__ == "__main__":
    main()
