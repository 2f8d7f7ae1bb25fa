"""Asterisk logs errors or warnings at an unusual rate: something is wrong that the upgrade will not mend.

Counted over the last day of its log. What its configuration is to blame for is told by another check, by its source.
Remedy: read the log, and mend what repeats; or set telephony.log_lines_per_hour to what is usual at the site.
Client: Your phone system reports many problems in its log. We would like to look into them before the upgrade.
Otherwise: The problems stay, and after the upgrade nobody can tell which of them it has caused.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import LogRate
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

READ = Remediation(
    id="read_asterisk_log", kind=Kind.ENGINEER, text="read the log and mend what repeats", reversible=True
)


@check(severity=Severity.LOW, blocking=False)
def log_error_rate(rate: LogRate, profile: Profile) -> Iterator[Yielded]:
    most = profile.telephony.log_lines_per_hour
    if rate.per_hour > most:
        yield Problem(
            subject="log",
            summary=f"{rate.errors:,} errors and {rate.warnings:,} warnings in the last {max(1.0, rate.hours):.0f} h",
            measured=Quantity(value=round(rate.per_hour), unit="lines/h"),
            threshold=Quantity(value=most, unit="lines/h"),
            remediations=(READ,),
        )
