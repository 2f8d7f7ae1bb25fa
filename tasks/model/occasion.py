"""When a system is judged: what is found in office hours is for the client to mend, at night it may be the night's."""
from __future__ import annotations

from enum import StrEnum


class Occasion(StrEnum):
    PLANNING = "planning"       # a sweep, and a case's inspections until a time for the upgrade is agreed
    BOOKED = "booked"           # the inspection a day before the agreed window
    OPEN = "open"               # the window is open, and what is seen immediately before a change


WITH_THE_HOUR = frozenset({Occasion.BOOKED, Occasion.OPEN})
"""For ``check(only_told=…)``: what is so by day or by night, and no reason to put an agreed upgrade off."""
EARLIER = frozenset({Occasion.BOOKED})
"""For ``check(only_told=…)``: what is over a day later, and in the way of the upgrade itself only."""
