"""On which occasion a case's system is judged."""
from __future__ import annotations

from datetime import datetime

from tasks.model.case import Case, Guard, Step
from tasks.model.occasion import Occasion


def occasion_of(case: Case, step: Step, now: datetime) -> Occasion:
    """A step that changes the system is at the moment of the change, whatever the hour. ``now`` is the database's."""
    if step.changes:
        return Occasion.OPEN
    if case.window is None:
        return Occasion.PLANNING
    opened = now >= case.window.starts_at or case.overridden(Guard.WINDOW)
    return Occasion.OPEN if opened else Occasion.BOOKED
