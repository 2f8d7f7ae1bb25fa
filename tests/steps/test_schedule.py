"""A night is kept free of the system's own heavy jobs, to their ends."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tasks.model.fact import Known
from tasks.model.profile import Profile
from tasks.model.system_facts import CronJob, CronJobs
from tasks.model.window import Window
from tasks.steps.schedule import _jobs


@pytest.mark.parametrize(("schedule", "local", "meets"), [
    ("50 2 * * *", datetime(2026, 12, 2, 4, 0), True), ("0 2 * * *", datetime(2026, 12, 2, 3, 30), True),
    ("50 2 * * *", datetime(2026, 12, 2, 5, 0), False), ("50 2 * * *", datetime(2026, 12, 2, 0, 30), False),
])
def test_a_job_that_begins_late_in_its_hour_is_waited_for_to_its_end(
    schedule: str, local: datetime, meets: bool
) -> None:
    """Two hours from ten to three are over at ten to five."""
    site: Any = SimpleNamespace(profile=Profile(name="lab"), system=SimpleNamespace(zone=ZoneInfo("Europe/London")))
    known = Known({CronJobs: CronJobs((CronJob(schedule, "/usr/sbin/full-backup", "/etc/crontab"),))})
    after = datetime(2026, 12, 1, 12, tzinfo=UTC)
    window = Window.at_local(local, "Europe/London", duration_s=3600, needs_s=1800)
    assert any(span.meets(window) for span in _jobs(known, site, after, after + timedelta(days=2))) is meets
