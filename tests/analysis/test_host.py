"""The system's own health in figures: what a visit explains of a clock's error, kernels by flavour, hours of cron."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.host import clock_offset, hours_of, jobs_of_the_night, newer_kernel, zone_differs
from tasks.model.facts import Identity
from tasks.model.profile_health import Health
from tasks.model.system_facts import CronJob, PendingReboot, Timekeeping, VisitedDuring

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def offset_s(clock: datetime, visit_s: float) -> float:
    identity = Identity("a", "pbx", "Debian", "6", 1, clock)
    return clock_offset(identity, VisitedDuring(START, START + timedelta(seconds=visit_s))).total_seconds()


@given(st.floats(0, 600), st.floats(0, 1), st.integers(-10**7, 10**7))
def test_a_clock_is_never_said_to_be_further_off_than_it_is(visit_s: float, asked: float, off_s: int) -> None:
    """Wherever within the visit it was asked, and with the fraction of the second cut off."""
    said = (START + timedelta(seconds=visit_s * asked + off_s)).replace(microsecond=0)
    told = offset_s(said, visit_s)
    assert abs(told) <= abs(off_s) + 1e-3
    assert told == 0 or (told > 0) == (off_s > 0)
    assert abs(told) >= abs(off_s) - visit_s - 1.001


@pytest.mark.parametrize(("running", "installed", "newer"), [
    ("6.1.0-28-amd64", ["6.1.0-9-amd64", "6.1.0-28-amd64"], None),
    ("6.1.0-9-amd64", ["6.1.0-9-amd64", "6.1.0-28-amd64"], "6.1.0-28-amd64"),
    ("6.1.0-9-amd64", ["6.5.0-1-rt-amd64", "6.5.0-1-cloud-amd64"], None),
    ("4.19.86-gentoo", ["4.19.86-gentoo", "4.19.97-gentoo"], "4.19.97-gentoo"),
    ("3.10.0-1160.el7.x86_64", ["3.10.0-1160.el7.x86_64", "3.10.0-1160.119.1.el7.x86_64"],
     "3.10.0-1160.119.1.el7.x86_64"),
    ("5.10.0-32-amd64", [], None),
])
def test_a_newer_kernel_is_one_of_the_same_flavour(running: str, installed: list[str], newer: str | None) -> None:
    assert newer_kernel(PendingReboot(False, (), running, tuple(installed), contained=False)) == newer
    assert newer_kernel(PendingReboot(False, (), running, tuple(installed), contained=True)) is None


@pytest.mark.parametrize(("schedule", "hours"), [
    ("30 2 * * *", {2}), ("0 22-23,0-1 * * *", {22, 23, 0, 1}), ("0 */6 * * *", {0, 6, 12, 18}),
    ("0 20/2 * * *", {20, 22}), ("0 8-18/5 * * 1-5", {8, 13, 18}), ("* * * * *", set(range(24))),
    ("@daily", {0}), ("@hourly", set(range(24))), ("@reboot", set()), ("0 23-30 * * *", {23}), ("0 x * * *", set()),
    ("0 */0 * * *", set(range(24))),
])
def test_the_hours_at_which_cron_starts_a_job(schedule: str, hours: set[int]) -> None:
    assert hours_of(schedule) == hours


@given(st.text(alphabet="0123456789*/,-@ aday", max_size=30))
def test_whatever_stands_in_a_crontab_gives_hours_of_the_day(schedule: str) -> None:
    assert hours_of(schedule) <= set(range(24))


def test_the_night_goes_over_midnight_and_heavy_jobs_are_known_by_their_names() -> None:
    jobs = tuple(CronJob(f"0 {hour} * * *", name, "/etc/crontab") for hour, name in (
        (21, "/x/backup"), (22, "/x/Backup.sh"), (5, "/x/ping"), (6, "mysqldump"),
    ))
    found = [(job.command, heavy) for job, heavy in jobs_of_the_night(jobs, Health())]
    assert found == [("/x/Backup.sh", True), ("/x/ping", False)]


def test_a_zone_that_is_not_known_here_is_judged_by_its_clock() -> None:
    keeping = Timekeeping("Mars/Olympus", timedelta(0), (), None, contained=False)
    assert not zone_differs(keeping, ZoneInfo("Europe/London"), START)
    assert zone_differs(keeping, ZoneInfo("Europe/Berlin"), START)
