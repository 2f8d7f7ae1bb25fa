"""The long actions, really done on the lab's containers and subvolumes, one at a time per VPS, in the background."""
from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deployments.lab import snapshots
from deployments.lab.command import run
from deployments.lab.container import Container
from deployments.lab.layout import Layout
from deployments.lab.record import records
from deployments.lab.serverware import faults
from deployments.lab.serverware.config import faults_file
from deployments.lab.serverware.faults import Fault
from deployments.lab.serverware.register import End, Register, Served, Task, clone_of
from deployments.lab.trouble import LabError
from tasks.model.profile_serverware import Action

_LOOK_S = 0.1                   # how often a task that hangs looks whether the fault was lifted
log = logging.getLogger("uplift.serverware")


class ToldToFail(LabError):
    """The fault that was asked for."""


@dataclass(frozen=True)
class Work:
    """Begins tasks and does them. Who asked need not wait: a task goes on when its client has gone."""

    layout: Layout
    register: Register
    _threads: list[threading.Thread] = field(default_factory=list, repr=False)

    def restart(self, vps: Served) -> Task:
        return self._begin(Action.RESTART, vps, lambda: self._restart(vps))

    def stop(self, vps: Served) -> Task:
        return self._begin(Action.STOP, vps, lambda: self.container(vps).stop())

    def start(self, vps: Served) -> Task:
        return self._begin(Action.START, vps, lambda: self._start(vps))

    def clone(self, vps: Served, name: str, description: str) -> Served:
        """Begin a clone; it is listed at once, and complete when its task is done."""
        new = clone_of(vps, name, description)
        self._begin(Action.CLONE, vps, lambda: self._clone(vps, new), new=new)
        return new

    def restore(self, vps: Served, clone: Served) -> Task:
        return self._begin(Action.RESTORE, vps, lambda: self._restore(vps, clone), clone)

    def delete(self, clone: Served) -> Task:
        return self._begin(Action.DELETE_CLONE, clone, lambda: self._delete(clone))

    def container(self, vps: Served) -> Container:
        record = records(self.layout).get(vps.system)
        rootfs = record.rootfs(self.layout) if record else self.layout.systems / vps.system
        return Container(self.layout, vps.system, rootfs)

    def can_be_cloned(self, vps: Served) -> bool:
        record = records(self.layout).get(vps.system)
        return record is None or not record.small_disk

    def _begin(
        self, action: Action, vps: Served, do: Callable[[], None], *besides: Served, new: Served | None = None
    ) -> Task:
        task = self.register.begin(action, vps.id, *(each.id for each in besides), new=new)
        thread = threading.Thread(target=self._run, args=(task, vps, do), name=f"{action} {vps.id}", daemon=True)
        thread.start()
        return task

    def _run(self, task: Task, vps: Served, do: Callable[[], None]) -> None:
        try:
            self._delay(task.action, vps)
            do()
        except Exception as error:
            log.warning("%s of VPS %s failed: %s", task.action, vps.id, error)
            self.register.end(task, End.FAILED, str(error))
        else:
            self.register.end(task, End.DONE)

    def _delay(self, action: Action, vps: Served) -> None:
        told = faults.read(faults_file(self.layout))
        time.sleep(told.slow_s)
        while faults.read(faults_file(self.layout)).of(action, vps.id) is Fault.HANG:
            time.sleep(_LOOK_S)

    def _fail_if_told(self, action: Action, vps: Served) -> None:
        if faults.read(faults_file(self.layout)).of(action, vps.id) is Fault.FAIL:
            raise ToldToFail(f"{action} of VPS {vps.id} failed half-way")

    def _restart(self, vps: Served) -> None:
        self.container(vps).stop()
        self._fail_if_told(Action.RESTART, vps)
        self.container(vps).start()

    def _start(self, vps: Served) -> None:
        self._fail_if_told(Action.START, vps)
        box = self.container(vps)
        if vps.origin and not (self.layout.lxc / vps.system / "config").exists():
            self._unpack(vps)                   # `uplift lab up` removes clones and keeps what they are made of
        if not box.running():
            box.start()

    def _clone(self, vps: Served, new: Served) -> None:
        snapshots.snapshot(self.layout, vps.system, new.system)
        self._fail_if_told(Action.CLONE, vps)
        self._unpack(new)
        self.register.completed(new.id, used_bytes(self.layout, new))

    def _unpack(self, clone: Served) -> None:
        """The clone as a stopped container, sealed off: it could not disturb its original if somebody started it."""
        original = self.register.get(clone.origin or "")
        assert original is not None
        snapshots.clone(self.layout, original.system, clone.system, sealed=True, label=clone.system)

    def _restore(self, vps: Served, clone: Served) -> None:
        self._require_whole(clone)
        if faults.read(faults_file(self.layout)).of(Action.RESTORE, vps.id) is Fault.FAIL:
            self.container(vps).stop(kill=True)
        self._fail_if_told(Action.RESTORE, vps)
        snapshots.restore(self.layout, vps.system, clone.system)

    def _require_whole(self, clone: Served) -> None:
        if not clone.complete:
            raise LabError(f"clone {clone.id} is not complete; delete it")

    def _delete(self, clone: Served) -> None:
        self._fail_if_told(Action.DELETE_CLONE, clone)
        self.container(clone).stop(kill=True)
        snapshots.delete(self.layout, clone.system)
        shutil.rmtree(self.layout.lxc / clone.system, ignore_errors=True)
        self.register.forget(clone.id)


def used_bytes(layout: Layout, vps: Served) -> int:
    """What a VPS's volume refers to, shared or not; 0 where it has none now."""
    path = layout.systems / vps.system
    return int(run("btrfs", "filesystem", "du", "-s", "--raw", path).splitlines()[1].split()[0]) if path.exists() else 0
