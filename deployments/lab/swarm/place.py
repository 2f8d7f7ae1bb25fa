"""The swarm's own folder ``DIR/swarm``, and which process it belongs to.

A process is known by its number *and* its start time, so that a stale file never leads to a stranger's process.
"""
from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

MODULE = "deployments.lab.swarm.server"


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started_ticks: int          # since boot, /proc/PID/stat field 22

    def alive(self, config: Path) -> bool:
        """Whether this very process still runs and is a swarm's server with that start-up file."""
        if _started_ticks(self.pid) != self.started_ticks:
            return False
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        starting = words == [b""]       # exec has begun, and the kernel has not yet laid out the arguments
        return starting or (MODULE.encode() in words and os.fsencode(config) in words)


def _started_ticks(pid: int) -> int | None:
    """None for a process that is not there, or is dead and waits to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()        # the name may hold blanks and brackets
    return None if fields[0] in ("Z", "X") else int(fields[19])


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.json"

    @property
    def pid(self) -> Path:
        return self.folder / "PID"

    @property
    def ready(self) -> Path:
        return self.folder / "READY"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    def process(self) -> Process | None:
        """The server that runs from this folder; None where there is none, whatever files it left."""
        try:
            pid, ticks = self.pid.read_text().split()
            process = Process(int(pid), int(ticks))
        except (OSError, ValueError):
            return None
        return process if process.alive(self.config) else None

    def is_ready(self) -> bool:
        try:
            return self.process() is not None and self.ready.read_text() == self.pid.read_text()
        except OSError:
            return False

    def write_pid(self, pid: int) -> None:
        """Written by the starter and by the server itself, so that a starter killed in between leaves none unknown."""
        write_atomically(self.pid, f"{pid} {_started_ticks(pid)}\n")

    def forget_process(self, pid: int | None = None) -> None:
        """Remove what tells of a process; with ``pid`` only where it tells of that one."""
        with contextlib.suppress(OSError):
            if pid is not None and self.pid.read_text().split()[:1] != [str(pid)]:
                return
        for path in (self.ready, self.pid):
            path.unlink(missing_ok=True)


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file that is there whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    beside.replace(path)
