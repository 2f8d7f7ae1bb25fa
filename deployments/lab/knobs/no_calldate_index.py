"""The table of calls has 60,000 rows and no index on calldate."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="cdr_not_indexed", spec={"calldate_index": False, "rows": 60_000})
