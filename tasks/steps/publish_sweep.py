"""A complete sweep becomes the one that readers find under ``latest``."""
from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tasks.model.errors import UserError
from tasks.model.sweep import SweepPlan
from tasks.wire.sweep_folder import SweepFolder

_FILES = ("report.html", "report.pdf", "report.xlsx", "systems.csv", "summary.json")


def publish_latest(folder: SweepFolder) -> bool:
    """Point ``latest`` beside the folder at it, in one rename; gives whether it did.

    Only a complete sweep with all its files is shown, and none that began before the one that is shown. A sweep of a
    selection does not hide one of the whole fleet.
    """
    place = folder.path.parent
    plan = folder.plan()
    if plan.finished_at is None or not all((folder.path / name).is_file() for name in _FILES):
        return False
    with (place / ".latest.lock").open("a") as lock:        # two sweeps may end at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        shown = _shown(place / "latest")
        if shown is not None and not _succeeds(plan, shown):
            return False
        temporary = place / f".latest-{folder.path.name}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(folder.path.name)
        temporary.replace(place / "latest")
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return True


def _succeeds(plan: SweepPlan, shown: SweepPlan) -> bool:
    if plan.options.select and not shown.options.select:
        return False
    return plan.started_at >= shown.started_at or bool(shown.options.select and not plan.options.select)


def _shown(link: Path) -> SweepPlan | None:
    """The plan of the sweep that is shown; None where there is none that can be read."""
    try:
        return SweepFolder(link.resolve()).plan()
    except UserError:
        return None
