"""Whether a clone may be put back in the place of its original: looked at before anything is touched."""
from __future__ import annotations

from dataclasses import dataclass

from tasks.model.finding import Quantity
from tasks.model.serverware import CloneRef, Pool, Vps, VpsState


@dataclass(frozen=True)
class Objection:
    message: str
    remedy: str


def objection(
    original: Vps, clone: CloneRef, found: CloneRef | None, pool: Pool, space_factor: float
) -> Objection | None:
    """The first thing that stands in the way, or None.

    ``clone`` is the one that was noted when it was made, ``found`` the one that SERVERware tells now under its id.
    """
    if original.origin is not None:
        return Objection(f"VPS {original.id} is itself a clone of VPS {original.origin}",
                         "correct vps_id in the fleet file")
    if found is None:
        return Objection(f"the clone {clone.label} (VPS {clone.id}) does not exist any more",
                         "look at SERVERware for another backup")
    name = f"the clone {found.label} (VPS {found.id})"
    if found.of != original.id:
        return Objection(f"{name} is one of VPS {found.of}, not of VPS {original.id}", "choose a clone of this VPS")
    if (found.label, found.taken_at) != (clone.label, clone.taken_at):
        return Objection(f"{name} is not the one that was made: that was {clone.label}", "look at SERVERware")
    return _of_clone(name, found) or _of_place(name, original, found, pool, space_factor)


def _of_clone(name: str, found: CloneRef) -> Objection | None:
    if found.task is not None:
        return Objection(f"SERVERware works on {name}: {found.task}", "wait until it has ended")
    if not found.complete:
        return Objection(f"{name} is not complete", "choose another backup")
    if not found.size_bytes:
        return Objection(f"{name} has no size, so it holds nothing", "choose another backup")
    if found.state is not VpsState.STOPPED:
        return Objection(f"{name} is not stopped, and would be beside its original", "stop it at SERVERware first")
    return None


def _of_place(name: str, original: Vps, found: CloneRef, pool: Pool, space_factor: float) -> Objection | None:
    if original.task is not None:
        return Objection(f"SERVERware works on VPS {original.id}: {original.task}", "wait until it has ended")
    needed = Quantity(value=int((found.size_bytes or 0) * space_factor), unit="bytes")
    if pool.free_bytes < needed.value:
        free = Quantity(value=pool.free_bytes, unit="bytes")
        return Objection(f"restoring {name} needs {needed} and the pool has {free} free", "make room in the pool first")
    return None
