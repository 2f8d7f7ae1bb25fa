"""Taking a lab down: no process, mount, loop device or file of it stays. Also after an ``up`` that was killed."""
from __future__ import annotations

import shutil
import time
from pathlib import Path

from deployments.lab import pool
from deployments.lab.container import kill_all
from deployments.lab.layout import Layout
from deployments.lab.serverware import control as serverware
from deployments.lab.swarm import control
from deployments.lab.trouble import LabError
from deployments.lab.up import alone, check_possible

_FREE_WITHIN_S = 10.0                       # the kernel writes out and frees a loop device after its last unmount


def down(directory: Path) -> bool:
    """Take the lab in ``directory`` down; False when there is none. Files that no lab made are left alone."""
    layout = Layout.of(directory)
    if not layout.is_lab():
        return False
    check_possible()
    with alone(layout):
        serverware.stop(layout.root)        # first: it starts and stops containers
        control.stop(layout.root)
        kill_all(layout)
        pool.release(layout.root)
        if not _free_within(layout.root, _FREE_WITHIN_S):
            raise LabError(f"a loop device of {layout.root} stays in use; see losetup, end who uses it, and repeat")
        for path in layout.own():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    if not any(layout.root.iterdir()):
        layout.root.rmdir()
    return True


def _free_within(root: Path, limit_s: float) -> bool:
    """Whether no loop device of the lab is left, be it after a moment."""
    until = time.monotonic() + limit_s
    while pool.loop_devices(root):
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
        pool.release(root)
    return True
