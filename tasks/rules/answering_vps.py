"""Which VPS answers at a system's address: the one that the fleet file names, or a clone that runs in its place.

A clone shares host key, machine id and address with its original, so that nothing on the machine tells the two apart.
SERVERware does: of a VPS and its clones, the one that runs is the one that answers.
"""
from __future__ import annotations

from collections.abc import Iterable

from tasks.model.serverware import Vps, VpsState


def answering_vps(named: str, vpses: Iterable[Vps]) -> str | None:
    """The id of the VPS that answers; None where none of them runs, or more than one, or a state is not known."""
    family = [vps for vps in vpses if vps.id == named or vps.origin == named]
    if any(vps.state is VpsState.OTHER for vps in family):
        return None
    running = [vps.id for vps in family if vps.state is VpsState.RUNNING]
    return running[0] if len(running) == 1 else None
