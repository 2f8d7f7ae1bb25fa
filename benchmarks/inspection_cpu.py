"""CPU time of one appliance of the lab, and how long it was busier than its load makes it."""
from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path

STEP_S = 0.25                   # between two looks at the counter of CPU
BUSY = 0.02                     # of one core: above that a system is held to feel it


class Meter:
    """CPU time of an appliance's control group, looked at STEP_S apart."""

    def __init__(self, name: str) -> None:
        legacy, unified = (Path(f"/sys/fs/cgroup/{part}lxc.payload.{name}") for part in ("cpuacct/", ""))
        self._legacy = legacy / "cpuacct.usage"
        self._unified = unified / "cpu.stat"
        self.seen: list[tuple[float, float]] = []

    def used_s(self) -> float:
        if self._legacy.exists():
            return int(self._legacy.read_text()) / 1e9
        return int(self._unified.read_text().split()[1]) / 1e6

    async def watch(self) -> None:
        while True:
            self.seen.append((time.monotonic(), self.used_s()))
            await asyncio.sleep(STEP_S)

    def between(self, begin_s: float, end_s: float) -> list[tuple[float, float]]:
        return [(at, used) for at, used in self.seen if begin_s <= at <= end_s]

    def mean(self, begin_s: float, end_s: float) -> float:
        seen = self.between(begin_s, end_s)
        return (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])

    def busy_stretch_s(self, begin_s: float, end_s: float, load_cpu: float) -> float:
        """The longest run of looks in which the group used over BUSY of a core more than its load does."""
        longest_s, stretch_s = 0.0, 0.0
        for (before_s, before), (at_s, used) in pairwise(self.between(begin_s, end_s)):
            busy = (used - before) / (at_s - before_s) - load_cpu > BUSY
            stretch_s = stretch_s + at_s - before_s if busy else 0.0
            longest_s = max(longest_s, stretch_s)
        return longest_s
