"""No phone is registered, at a site that wants to know of so few extensions as an appliance has."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="nobody_registered", entry={"overrides": {"telephony": {"least_extensions": 1}}})
