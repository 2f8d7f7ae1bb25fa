"""How each event moves a case, by phase: what it needs, what it changes, and which states it can lead to.

Forbidden here: any clock, any I/O, any event that is not in the table. ``tasks.rules.lifecycle`` applies these.
"""
from __future__ import annotations

from tasks.rules.moves import (
    agreement,
    backup,
    change,
    client,
    inspection,
    outcome,
    person,
    personal_data,
    runs,
    slots,
)
from tasks.rules.moves.table import MOVES, Move, Refused

__all__ = [
    "MOVES", "Move", "Refused", "agreement", "backup", "change", "client", "inspection", "outcome", "person",
    "personal_data", "runs", "slots",
]
