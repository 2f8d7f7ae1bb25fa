"""The fleet file has another time zone than the system."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="time_zone_differs", spec={"timezone": "Europe/Berlin"}, entry={"timezone": "Asia/Tokyo"})
