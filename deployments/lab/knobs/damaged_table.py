"""A table of the database has lost its index, so that the server cannot open it any more."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    """An empty index file, as a full disk leaves one. The data beside it stays."""
    index = appliance.rootfs / "opt/pbxware/mysql/data/pbxware/queues.MYI"
    if not index.exists():
        appliance.sql("ALTER TABLE pbxware.queues ENGINE=MyISAM; FLUSH TABLES pbxware.queues;")
        index.write_bytes(b"")


KNOB = Knob(found_by="damaged_tables", running=running)
