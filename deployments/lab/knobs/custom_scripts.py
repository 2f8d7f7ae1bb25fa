"""The client's own firewall script lies in /script, is run by cron, and asks chan_sip for its phones."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="custom_breaks", spec={"custom_scripts": True})
