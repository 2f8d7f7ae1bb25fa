"""A CRM keeps its own number of each call in a column that it has added to the table of calls."""
from __future__ import annotations

from deployments.lab.knob import Appliance, Knob


def running(appliance: Appliance) -> None:
    appliance.sql("ALTER TABLE pbxware.cdr ADD COLUMN IF NOT EXISTS crm_id varchar(40) NULL;")


KNOB = Knob(found_by="cdr_columns_foreign", running=running)
