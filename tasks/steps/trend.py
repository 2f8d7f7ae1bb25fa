"""What changed since the last sweeps of a fleet; and the sweeps that are old enough to go."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tasks.analysis.trend import StoredSweep, fleet_trend
from tasks.model.errors import UserError
from tasks.model.trend import FleetTrend, Unusable
from tasks.wire.fleet_file import load_fleet
from tasks.wire.retention import read_retention
from tasks.wire.sweep_history import folders_of, plans_of, read_sweep, removable, remove_sweep


@dataclass(frozen=True)
class Told:
    """``unusable`` are the folders that could not be compared, each with its reason."""

    trend: FleetTrend
    unusable: tuple[Unusable, ...]


def trend_of(
    fleet_file: Path, places: tuple[Path, ...], home: Path, now: datetime, *, target: str | None = None, last: int = 10
) -> Told:
    """The trend of the fleet's systems over the newest ``last`` sweeps in ``places``, of ``target`` where it is named.

    Raises UserError where the fleet file is broken or no complete sweep is there.
    """
    ids = {system.id for system in load_fleet(fleet_file, home=home).systems}
    plans, unusable = plans_of(folders_of(places))
    if target is not None:
        plans = [(folder, plan) for folder, plan in plans if str(plan.options.target) == target]
    read: list[StoredSweep] = []
    for folder, plan in plans[:last]:
        told = read_sweep(folder, plan)
        if isinstance(told, Unusable):
            unusable.append(told)
        else:
            read.append(told)
    if not read:
        where = ", ".join(map(str, places))
        why = f" ({unusable[0].folder}: {unusable[0].reason})" if unusable else ""
        wanted = f" for {target}" if target else ""
        raise UserError("no_sweeps", f"{where} holds no complete sweep{wanted}{why}", "run `uplift sweep` first")
    return Told(fleet_trend(read, ids, now), tuple(unusable))


def prune_sweeps(home: Path, now: datetime) -> tuple[Path, ...]:
    """Remove the sweeps under UPLIFT_HOME/sweeps that its retention no longer keeps; returns the removed folders.

    Raises UserError for a retention file that cannot be read: nothing is removed then.
    """
    place, kept = home / "sweeps", read_retention(home)
    if not place.is_dir():
        return ()
    old = tuple(removable(place, now, kept.keep_last, kept.keep_days))
    return tuple(folder for folder in old if remove_sweep(folder))
