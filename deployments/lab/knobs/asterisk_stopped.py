"""Asterisk is stopped, and with it all that it could tell is unknown."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def _stop(appliance: Appliance) -> None:
    appliance.shell("/opt/pbxware/sh/pbxware stop")


KNOB = Knob(found_by="asterisk_stopped", running=_stop)
