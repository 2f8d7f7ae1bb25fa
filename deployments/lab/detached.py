"""Processes of a lab that outlive the command that started them: the swarm's server, SERVERware's service.

Each has a folder of its own in the lab. A process is known by its number *and* its start time, so that a stale file
never leads to a stranger's process.
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.lab.trouble import LabError

STOPPED_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started_ticks: int          # since boot, /proc/PID/stat field 22

    def alive(self, module: str, config: Path) -> bool:
        """Whether this very process still runs and is ``module``, started with that start-up file."""
        if _started_ticks(self.pid) != self.started_ticks:
            return False
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        starting = words == [b""]       # exec has begun, and the kernel has not yet laid out the arguments
        return starting or (module.encode() in words and os.fsencode(config) in words)


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
    """The folder of one process. ``module`` is what ``python -m`` runs; its only argument is the start-up file."""

    folder: Path
    module: str

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
        return process if process.alive(self.module, self.config) else None

    def is_ready(self) -> bool:
        try:
            return self.process() is not None and self.ready.read_text() == self.pid.read_text()
        except OSError:
            return False

    def runs_with(self, config: str) -> bool:
        """Whether a server runs here with that start-up file, also one that does not listen yet."""
        try:
            return self.process() is not None and self.config.read_text() == config
        except OSError:
            return False

    def write_pid(self, pid: int) -> None:
        """Written by the starter and by the server itself, so that a starter killed in between leaves none unknown."""
        write_atomically(self.pid, f"{pid} {_started_ticks(pid)}\n")

    def write_ready(self) -> None:
        write_atomically(self.ready, self.pid.read_text())

    def forget_process(self, pid: int | None = None) -> None:
        """Remove what tells of a process; with ``pid`` only where it tells of that one."""
        with contextlib.suppress(OSError):
            if pid is not None and self.pid.read_text().split()[:1] != [str(pid)]:
                return
        for path in (self.ready, self.pid):
            path.unlink(missing_ok=True)

    def spawn(self, config: str, environment: Mapping[str, str] | None = None) -> None:
        """Start the server in a session of its own, so that it outlives this program and its terminal."""
        write_atomically(self.config, config)
        self.forget_process()
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-m", self.module, str(self.config)],
                {**os.environ, **(environment or {})},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                ],
                setsid=True,
            )
        finally:
            os.close(log)
        self.write_pid(pid)

    def wait_until_ready(self, what: str, within_s: float, waiting: Callable[[float], None] | None = None) -> None:
        """Raises LabError with the last words of ``what`` when it ends, or does not listen in time.

        ``waiting`` is called again and again with the seconds waited so far.
        """
        started = time.monotonic()
        while not self.is_ready():
            waited_s = time.monotonic() - started
            if self.process() is None:
                raise LabError(f"{what} ended as it started: {self._last_words(what)}; see {self.log}")
            if waited_s > within_s:
                self.stop()
                raise LabError(f"{what} did not listen within {within_s:g} s; see {self.log}")
            if waiting is not None:
                waiting(waited_s)
            time.sleep(0.02)

    def stop(self) -> None:
        """End this folder's own server, and nothing else: see Process."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            process = self.process()
            if process is None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
            until = time.monotonic() + STOPPED_WITHIN_S
            while process.alive(self.module, self.config) and time.monotonic() < until:
                time.sleep(0.02)
            with contextlib.suppress(ChildProcessError):    # where it was this very program that started it
                os.waitpid(process.pid, os.WNOHANG)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One starts or stops at a time; a second one waits."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _last_words(self, what: str) -> str:
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").splitlines()
            if lines:
                return lines[-1].rpartition(f"{what} cannot serve: ")[2]
        return "it said nothing"


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file that is there whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    beside.replace(path)
