"""A dump of the database is running.

A program of that name that does nothing: a real one that is held up would hold a statement of the database too.
"""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    appliance.shell("mkdir -p /run/lab && cp /usr/bin/sleep /run/lab/mysqldump")
    if "mysqldump" not in appliance.shell("cat /proc/[0-9]*/comm 2>/dev/null; true"):
        appliance.start("exec /run/lab/mysqldump infinity")


KNOB = Knob(found_by="backup_or_updater_running", running=running)
