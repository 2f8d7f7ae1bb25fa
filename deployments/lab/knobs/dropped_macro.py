"""The site's own dialplan calls Macro, which Asterisk 21 dropped."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="dropped_applications", spec={"dialplan_uses": ("Macro",)})
