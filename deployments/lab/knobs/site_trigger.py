"""A trigger of the site's own copies each call into a table of its own making, for a wallboard."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    appliance.sql(
        "CREATE OR REPLACE TRIGGER pbxware.last_call AFTER INSERT ON pbxware.cdr FOR EACH ROW "
        "REPLACE INTO pbxware.settings VALUES ('last_call', NEW.src);"
    )


KNOB = Knob(found_by="database_objects", running=running)
