"""Asterisk logs errors of its own configuration when it starts."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="configuration", spec={"broken_config": True})
