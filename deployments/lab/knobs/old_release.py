"""The system runs a release from which no single upgrade leads to the target."""
from __future__ import annotations

from deployments.lab.knob import Knob
from tasks.model.release import Release

KNOB = Knob(found_by="supported_hop", spec={"release": Release.parse("5.1.0.2")})
