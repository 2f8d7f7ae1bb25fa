"""The system's own health in figures: the clock's error, a newer kernel, zones that differ, jobs of the night."""
from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from tasks.model.facts import Identity
from tasks.model.profile_health import Health
from tasks.model.system_facts import CronJob, PendingReboot, Timekeeping, VisitedDuring

_CLOCK_STEP = timedelta(seconds=1)          # `date` cuts the fraction off
_HALF_A_YEAR = timedelta(days=182)
_WORDS = {"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
          "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *"}
_PART = re.compile(r"^(\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$", re.ASCII)


def clock_offset(identity: Identity, visited: VisitedDuring) -> timedelta:
    """How far the clock is ahead (negative: behind), at least: what the visit's own length explains is none."""
    earliest, latest = visited.started_at - _CLOCK_STEP, visited.ended_at
    if identity.clock < earliest:
        return identity.clock - earliest
    return max(identity.clock - latest, timedelta())


def newer_kernel(reboot: PendingReboot) -> str | None:
    """The newest installed kernel of the running one's flavour, where it is newer. A container has none."""
    if reboot.contained:
        return None
    flavour = _flavour(reboot.running_kernel)
    same = [kernel for kernel in reboot.installed_kernels if _flavour(kernel) == flavour]
    newest = max(same, key=_numbers, default=reboot.running_kernel)
    return newest if _numbers(newest) > _numbers(reboot.running_kernel) else None


def _flavour(kernel: str) -> str:
    """What is left without numbers: 5.10.0-32-amd64 is of the flavour "amd64", 6.1.0-28-rt-amd64 of "rt-amd64"."""
    return "-".join(word for word in re.split(r"[-_.+~]", kernel) if not re.match(r"^(\d+|rc\d+|\d+[a-z]\d*)$", word))


def _numbers(kernel: str) -> tuple[int, ...]:
    return tuple(int(number[:9]) for number in re.findall(r"\d+", kernel))


def zone_differs(keeping: Timekeeping, zone: ZoneInfo, now: datetime) -> bool:
    """Whether the system's zone has another time than ``zone``, now or half a year from now (summer time)."""
    try:
        own = ZoneInfo(keeping.zone) if keeping.zone else None
    except (KeyError, ValueError, OSError):           # a name that is none here: what its clock says has to do
        own = None
    if keeping.utc_offset != now.astimezone(zone).utcoffset():
        return True
    moments = (now, now + _HALF_A_YEAR) if own else ()
    return any(moment.astimezone(own).utcoffset() != moment.astimezone(zone).utcoffset() for moment in moments)


def jobs_of_the_night(jobs: tuple[CronJob, ...], health: Health) -> Iterator[tuple[CronJob, bool]]:
    """The jobs that begin at some, not at all, hours and within the off-hours, and whether each is a heavy one."""
    night = _hours_between(health.off_hours_from, health.off_hours_until)
    for job in jobs:
        hours = hours_of(job.schedule)
        if len(hours) < 24 and hours & night:
            yield job, any(fnmatchcase(job.command.lower(), pattern.lower()) for pattern in health.heavy_jobs)


def hours_of(schedule: str) -> frozenset[int]:
    """The hours of the day at which a job begins; none for ``@reboot`` and for what is no schedule."""
    fields = _WORDS.get(schedule, schedule).split()
    if len(fields) != 5:
        return frozenset()
    return frozenset(hour for part in fields[1].split(",") for hour in _hours_of_part(part))


def _hours_of_part(part: str) -> range:
    found = _PART.match(part)
    if found is None:
        return range(0)
    first, last = (0, 23) if found[1] == "*" else (int(found[2]), int(found[3] or (23 if found[4] else found[2])))
    return range(first, min(last, 23) + 1, max(1, int(found[4] or 1)))


def _hours_between(first: int, end: int) -> frozenset[int]:
    """Whole hours from ``first`` to before ``end``, over midnight where need be."""
    return frozenset((first + step) % 24 for step in range((end - first) % 24))
