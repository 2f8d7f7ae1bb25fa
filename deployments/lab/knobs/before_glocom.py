"""The system runs a release of before 4.0, from which this site may go to the target in one step."""
from __future__ import annotations

from deployments.lab.knob import Knob
from tasks.model.release import Release

HOPS = {"overrides": {"hops": [{"from_min": "3.0", "from_below": "7.2.0", "to": "7.2.0"}]}}
KNOB = Knob(found_by="glocom_editions", spec={"release": Release.parse("3.8.5.0")}, entry=HOPS)
