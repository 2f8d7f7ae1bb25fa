"""The host key is another one than was recorded, as after a rebuild."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="host_key", spec={"changed_host_key": True})
