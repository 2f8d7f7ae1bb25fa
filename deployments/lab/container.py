"""LXC containers of one lab: configured, started, entered, stopped. Nothing outside the lab's folder is touched."""
from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deployments.lab.command import run, succeeds
from deployments.lab.layout import Layout
from deployments.lab.trouble import LabError

MARK = "UPLIFT_LAB"                         # environment of every container's processes: which lab they belong to


class Network(StrEnum):
    SHARED = "none"                         # the machine's loopback: reached at its own 127.x address
    SEALED = "empty"                        # a loopback of its own: a clone can boot beside its original


@dataclass(frozen=True)
class Container:
    """One container of a lab. ``rootfs`` is a subvolume of the pool, or a small file system of its own."""

    layout: Layout
    name: str
    rootfs: Path

    def write_config(self, network: Network = Network.SHARED) -> None:
        lines = [
            f"lxc.rootfs.path = dir:{self.rootfs}",
            f"lxc.uts.name = {self.name}",
            f"lxc.net.0.type = {network}",
            # A loopback of its own is down until it is told to be up, and MariaDB then is unreachable.
            *(["lxc.net.0.flags = up"] if network is Network.SEALED else []),
            "lxc.mount.auto = proc:rw sys:ro",
            "lxc.apparmor.profile = unconfined",
            "lxc.init.cmd = /usr/sbin/lab-init",
            "lxc.signal.halt = SIGTERM",        # the default, SIGPWR, makes lxc-stop wait in vain
            "lxc.tty.max = 0",
            "lxc.pty.max = 64",
            f"lxc.environment = {MARK}={self.layout.root}",
        ]
        folder = self.layout.lxc / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        log = self.layout.lxc / self.name / "log"
        try:
            run("lxc-start", *self._who(), "-o", log, "-l", "WARN")
        except LabError as error:
            said = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
            raise LabError(f"container {self.name} does not start: {' '.join(said) or error}") from error

    def running(self) -> bool:
        try:
            return run("lxc-info", *self._who(), "-s", "-H").strip() == "RUNNING"
        except LabError:
            return False

    def run(self, *words: str, stdin: str | None = None, limit_s: float = 300.0) -> str:
        """Run a program inside; LabError when it fails."""
        return run("lxc-attach", *self._who(), "--clear-env", "--", *words, stdin=stdin, limit_s=limit_s)

    def open(self, *words: str) -> subprocess.Popen[str]:
        """A program inside with pipes to its standard input and output."""
        line = ["lxc-attach", *map(str, self._who()), "--clear-env", "--", *words]
        return subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
        )

    def wait(self, what: str, *words: str, limit_s: float = 90.0) -> None:
        """Wait until a program inside succeeds; LabError names ``what`` did not come up."""
        end = time.monotonic() + limit_s
        while not succeeds("lxc-attach", *self._who(), "--clear-env", "--", *words):
            if not self.running():
                raise LabError(f"container {self.name} ended while waiting for {what}; see {self.rootfs}/var/log")
            if time.monotonic() > end:
                raise LabError(f"{what} of {self.name} did not come up in {limit_s:.0f} s; see {self.rootfs}/var/log")
            time.sleep(0.05)

    def stop(self, kill: bool = False) -> None:
        """Stop it, by its own init or (``kill``) at once as when the power of a process goes."""
        if self.running() and (kill or not succeeds("lxc-stop", *self._who(), "-t", "30")):
            run("lxc-stop", *self._who(), "-k")

    def _who(self) -> tuple[str | Path, ...]:
        return ("-P", self.layout.lxc, "-n", self.name)


def kill_all(layout: Layout) -> None:
    """End every process of the lab's containers, also where LXC has lost sight of them; LabError if one stays."""
    for config in sorted(layout.lxc.glob("*/config")):
        succeeds("lxc-stop", "-P", layout.lxc, "-n", config.parent.name, "-k")
    end = time.monotonic() + 10
    while left := processes(layout):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > end:
            raise LabError(f"processes {left} of {layout.root} do not end; look at them with ps and end them")
        time.sleep(0.05)


def processes(layout: Layout) -> list[int]:
    """Processes of the lab: those with its mark in their environment, its LXC monitors, its swarm's server."""
    mark = f"{MARK}={layout.root}".encode()
    monitor, swarm = f"[lxc monitor] {layout.lxc} ".encode(), f"\0{layout.swarm}/".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            marked = mark in (folder / "environ").read_bytes().split(b"\0")
            words = (folder / "cmdline").read_bytes()
            if marked or words.startswith(monitor) or (b"deployments.lab.swarm" in words and swarm in words):
                found.append(int(folder.name))
        except OSError:                     # it ended while being looked at
            continue
    return found
