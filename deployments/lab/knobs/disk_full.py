"""The system's disk has 40 MB left."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="sufficient_space", spec={"disk_full": True})
