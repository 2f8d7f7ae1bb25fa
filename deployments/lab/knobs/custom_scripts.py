"""The client's own firewall script lies in /script and is run by cron."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="custom_files", spec={"custom_scripts": True})
