"""What the service remembers: its VPSes, clones too, and the task of each. Written before anything is done.

A task that was running when the service ended is told as interrupted by the next one: what it had done stays done.
"""
from __future__ import annotations

import json
import secrets
import threading
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from deployments.lab.detached import write_atomically
from tasks.model.profile_serverware import Action


class End(StrEnum):
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Task(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    action: Action
    began_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    end: End | None = None
    error: str = ""


class Served(BaseModel):
    """One VPS. ``system`` is its name in the lab; a clone's is its snapshot's label too. Holds secrets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    system: str
    root_password: str
    description: str
    created_at: AwareDatetime
    origin: str | None = None
    complete: bool = True
    size_bytes: int = 0
    task: Task | None = None

    @property
    def busy(self) -> Action | None:
        return self.task.action if self.task and self.task.end is None else None


class BusyError(Exception):
    """A task works on this VPS already."""

    def __init__(self, served: Served) -> None:
        super().__init__(f"VPS {served.id} is busy: {served.busy}")


class Register:
    """Thread-safe; every change is on disk before it counts."""

    def __init__(self, path: Path, vpses: dict[str, str]) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._served = _load(path)
        for vps_id, system in vpses.items():
            known = self._served.get(vps_id)
            if known is None or known.system != system:
                self._served[vps_id] = _original(vps_id, system)
        self._served = {
            key: _interrupted(each) for key, each in self._served.items() if (each.origin or key) in vpses
        }
        self._save()

    def all(self) -> tuple[Served, ...]:
        with self._lock:
            return tuple(self._served.values())

    def get(self, vps_id: str) -> Served | None:
        with self._lock:
            return self._served.get(vps_id)

    def begin(self, action: Action, *vps_ids: str, new: Served | None = None) -> Task:
        """Note that ``action`` begins on these VPSes and ``new``; raises BusyError, and KeyError for unknown ones."""
        with self._lock:
            concerned = [self._served[vps_id] for vps_id in vps_ids]
            for served in concerned:
                if served.busy:
                    raise BusyError(served)
            task = Task(id=secrets.token_hex(4), action=action, began_at=datetime.now(UTC))
            for served in (*concerned, *([new] if new else [])):
                self._served[served.id] = served.model_copy(update={"task": task})
            self._save()
            return task

    def end(self, task: Task, end: End, error: str = "") -> None:
        """Note the end of a task on all VPSes that it worked on."""
        over = task.model_copy(update={"end": end, "error": error, "ended_at": datetime.now(UTC)})
        with self._lock:
            for key, served in self._served.items():
                if served.task and served.task.id == task.id:
                    self._served[key] = served.model_copy(update={"task": over})
            self._save()

    def completed(self, vps_id: str, size_bytes: int) -> None:
        with self._lock:
            whole = self._served[vps_id].model_copy(update={"complete": True, "size_bytes": size_bytes})
            self._served[vps_id] = whole
            self._save()

    def forget(self, vps_id: str) -> None:
        with self._lock:
            self._served.pop(vps_id, None)
            self._save()

    def _save(self) -> None:
        told = [json.loads(each.model_dump_json()) for each in self._served.values()]
        write_atomically(self._path, json.dumps(told, indent=1) + "\n")


def clone_of(original: Served, name: str, description: str) -> Served:
    """A clone that is not made yet. Its description is its own; SERVERware copies the rest."""
    own = f"vps-{secrets.token_hex(4)}"
    return original.model_copy(update={
        "id": own, "system": own, "name": name, "description": description, "created_at": datetime.now(UTC),
        "origin": original.id, "complete": False, "size_bytes": 0, "task": None,
    })


def _original(vps_id: str, system: str) -> Served:
    description = f"Customer portal: admin / {secrets.token_urlsafe(9)}"
    return Served(
        id=vps_id, name=system, system=system, root_password=secrets.token_urlsafe(12), description=description,
        created_at=datetime.now(UTC),
    )


def _load(path: Path) -> dict[str, Served]:
    try:
        entries = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return {entry["id"]: Served.model_validate(entry) for entry in entries}


def _interrupted(served: Served) -> Served:
    if served.task is None or served.task.end is not None:
        return served
    error = "SERVERware was restarted while this task ran"
    told = {"end": End.INTERRUPTED, "error": error, "ended_at": datetime.now(UTC)}
    return served.model_copy(update={"task": served.task.model_copy(update=told)})
