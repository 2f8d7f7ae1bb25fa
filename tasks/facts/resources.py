"""Load, processors, memory and swap, from /proc."""
from __future__ import annotations

import re

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import lines
from tasks.model.system_facts import Resources

_NAMES = ("MemTotal", "MemAvailable", "MemFree", "Buffers", "Cached", "SwapTotal", "SwapFree")
_COMMAND = (
    "printf 'load %s\\n' \"$(cat /proc/loadavg)\"; printf 'cpus %s\\n' \"$(grep -c '^processor' /proc/cpuinfo)\"; "
    f"grep -E '^({'|'.join(_NAMES)}):' /proc/meminfo"
)
_LOAD = re.compile(r"^load \d{1,6}\.\d{1,4} (\d{1,6}\.\d{1,4}) (\d{1,6}\.\d{1,4}) ", re.ASCII)
_CPUS = re.compile(r"^cpus (\d{1,5})$", re.ASCII)
_MEMORY = re.compile(r"^(\w+):\s+(\d{1,15}) kB$", re.ASCII)


def ask(profile: Profile) -> str:
    return _COMMAND


def parse(answer: Answer) -> Resources:
    """Where the kernel is too old to tell what is available (before 3.14): free memory, buffers and page cache."""
    told = list(lines(answer))
    load = next((found for line in told if (found := _LOAD.match(line))), None)
    cpus = next((int(found[1]) for line in told if (found := _CPUS.match(line))), 0)
    kib = {found[1]: int(found[2]) for line in told if (found := _MEMORY.match(line))}
    if load is None or "MemTotal" not in kib:
        raise Unreadable("expected /proc/loadavg and /proc/meminfo, got neither or half of them")
    rough = sum(kib.get(name, 0) for name in ("MemFree", "Buffers", "Cached"))
    return Resources(
        load_5_min=float(load[1]),
        load_15_min=float(load[2]),
        cpus=max(1, cpus),                  # some machines name their processors otherwise
        memory_bytes=kib["MemTotal"] * 1024,
        memory_available_bytes=kib.get("MemAvailable", rough) * 1024,
        swap_bytes=kib.get("SwapTotal", 0) * 1024,
        swap_free_bytes=kib.get("SwapFree", 0) * 1024,
    )


FACT = ShellFact("resources", Resources, ask, parse)
