"""Records as the service tells them: the observed fields, secrets among them, and the lab's own."""
from __future__ import annotations

import os
from typing import Any

from deployments.lab.command import run
from deployments.lab.serverware.register import Served, Task
from deployments.lab.serverware.work import Work, used_bytes
from deployments.lab.trouble import LabError
from tasks.model.release import Release

HOST = {"id": "1", "name": "lab", "mode": "standalone"}
_HEADER_BYTES = 4096
_VERSION_PAGE = "opt/pbxware/pw/home/sitemanager/admin/index.php"


def vps(work: Work, served: Served) -> dict[str, Any]:
    """One VPS. Its state is that of its container, asked now."""
    return {
        "id": served.id,
        "name": served.name,
        "engine": "lxc",
        "host_id": HOST["id"],
        "state": "running" if work.container(served).running() else "stopped",
        "task": served.busy or "",
        "mem_limit": "2048",
        "pbxware_version": _release(work, served),
        "root_password": served.root_password,
        "description": served.description,
        "origin": served.origin,
        "complete": served.complete,
        "size_bytes": served.size_bytes,
        "created_at": served.created_at.isoformat(),
        "last_task": _task(served.task),
    }


def storage(work: Work) -> dict[str, Any]:
    """The pool. Told at once, whatever lies in it."""
    run("btrfs", "filesystem", "sync", work.layout.pool)        # its figures lag behind what was written or removed
    state = os.statvfs(work.layout.pool)
    size, free = state.f_blocks * state.f_frsize, state.f_bavail * state.f_frsize
    return {"pool": "NETSTOR", "size": size, "available": free, "used": size - free}


def volumes(work: Work) -> list[dict[str, Any]]:
    """As `zfs list -r -Ho name,volsize,used,usedbydataset,usedbysnapshots,origin` has them.

    Slow, half a second each: btrfs without quotas counts by walking through the files.
    """
    state = os.statvfs(work.layout.pool)
    size = state.f_blocks * state.f_frsize
    return [_volume(work, served, size) for served in work.register.all()]


def _volume(work: Work, served: Served, size: int) -> dict[str, Any]:
    try:
        used = used_bytes(work.layout, served)
    except (LabError, IndexError, ValueError):      # it was removed while it was looked at
        used = 0
    return {
        "name": f"NETSTOR/{served.id}", "volsize": size, "used": used, "usedbydataset": used, "usedbysnapshots": 0,
        "origin": f"NETSTOR/{served.origin}@{served.id}" if served.origin else "-",
    }


def _release(work: Work, served: Served) -> str:
    """With the blank that the real one has behind it; empty where the volume tells none."""
    try:
        with (work.container(served).rootfs / _VERSION_PAGE).open() as page:
            line = next(line for line in page.read(_HEADER_BYTES).splitlines() if line.startswith("//"))
        return ".".join(map(str, Release.parse(line).numbers)) + " "
    except (OSError, ValueError, StopIteration):
        return ""


def _task(task: Task | None) -> dict[str, Any] | None:
    if task is None:
        return None
    return {"id": task.id, "action": task.action, "status": task.end or "", "error": task.error}
