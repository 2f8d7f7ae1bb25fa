"""The table of calls has 1,500,000 rows: altering it outlasts the lab's promised 40 s of downtime."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="cdr_table_size", spec={"rows": 1_500_000})
