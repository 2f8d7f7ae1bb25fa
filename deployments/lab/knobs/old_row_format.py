"""Two tables of the database are still kept in InnoDB's old row format."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    appliance.sql("USE pbxware; ALTER TABLE trunks ROW_FORMAT=COMPACT; ALTER TABLE dids ROW_FORMAT=REDUNDANT;")


KNOB = Knob(found_by="old_table_format", running=running)
