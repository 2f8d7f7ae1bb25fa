"""A codec bought elsewhere, built for another Asterisk, lies among the modules."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="foreign_module", spec={"foreign_module": True})
