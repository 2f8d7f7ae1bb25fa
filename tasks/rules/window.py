"""Whether a change may begin at an instant, by the window that the client has given.

Only instants in UTC are compared, so the nights on which clocks change need no care here. The local intent is kept
beside them, because zone rules change between the day a window is agreed and the night it comes.
"""
from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from tasks.model.window import Window


class Standing(StrEnum):
    """Where an instant stands to a window."""

    NOT_YET = "not_yet"         # before it opens
    OPEN = "open"               # begin now and there is time enough
    TOO_SHORT = "too_short"     # open, but what is left of it is less than the upgrade needs
    MISSED = "missed"           # after the latest start


def standing(window: Window, now: datetime, needed: timedelta) -> Standing:
    """Where ``now`` stands, for a change that takes ``needed``. The start and the latest start both belong to it."""
    if now < window.starts_at:
        return Standing.NOT_YET
    if now > window.latest_start:
        return Standing.MISSED
    return Standing.OPEN if now + needed <= window.ends_at else Standing.TOO_SHORT


def drifted(window: Window) -> bool:
    """Whether the client's clock will show another time than was agreed, because the zone's rules have changed."""
    return window.meant != window.starts_at
