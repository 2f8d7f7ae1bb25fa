"""Most of the log of queues was deleted, and the room that it took stays inside the table's file."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    """Some 28 MB of free room; the profile of this system minds 20 MB, so that the lab need not fill a gigabyte."""
    appliance.sql(
        "USE pbxware; ALTER TABLE queue_log ENGINE=MyISAM; "
        "INSERT INTO queue_log (at, queue_id, event) SELECT NOW(), 1, REPEAT('x', 32) FROM seq_1_to_500000; "
        "DELETE FROM queue_log WHERE event LIKE 'xx%'; FLUSH TABLES queue_log;"
    )


KNOB = Knob(
    found_by="fragmented_table",
    entry={"overrides": {"database_health": {"fragmented_bytes": 20_000_000}}},
    running=running,
)
