"""The database is the replica of a server that is gone: its threads do not run."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    """Told of a source and never started, as after a failover. Whoever starts it finds nobody at that address."""
    appliance.sql("CHANGE MASTER TO MASTER_HOST='192.0.2.1', MASTER_USER='replica', MASTER_USE_GTID=slave_pos;")


KNOB = Knob(found_by="replication_broken", running=running)
