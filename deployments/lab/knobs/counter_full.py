"""The table of calls counts in an INT of which 98 of 100 numbers are used."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    appliance.sql("ALTER TABLE pbxware.cdr MODIFY AcctId int NOT NULL AUTO_INCREMENT, AUTO_INCREMENT = 2104533975;")


KNOB = Knob(found_by="cdr_autoincrement_room", running=running)
