"""A Multi-Tenant system from before 6.7.3 has no domain name."""
from __future__ import annotations

from deployments.lab.knob import Knob
from tasks.model.facts import Edition

KNOB = Knob(found_by="domain_name", spec={"edition": Edition.MULTI_TENANT, "domain_name": None})
