"""FOP2 keeps its tables inside the pbxware schema."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="foreign_tables", spec={"foreign_tables": True})
