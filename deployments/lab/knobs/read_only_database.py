"""The database takes no writes: somebody has set it to read only."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    appliance.sql("SET GLOBAL read_only = ON;")


KNOB = Knob(found_by="database_read_only", running=running)
