"""A page that can be read, the client's own wallboard, lies among the vendor's encoded ones and reads the calls."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="custom_breaks", spec={"plain_php": True})
