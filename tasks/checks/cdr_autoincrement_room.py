"""When the counter of the CDR table reaches the end of its type, no call is written any more.

Calls still connect, but billing and reports stop; the last number is taken, and each further INSERT fails on it.
Remedy: widen the counter to BIGINT, best together with the upgrade's own change of the table.
Client: The numbering of your call history is nearly used up. We will extend it so that no call record is lost.
Otherwise: One day no call is recorded any more, so your reports and bills are incomplete from then on.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.database import cdr_counter
from tasks.model.check import Yielded, check
from tasks.model.database_facts import CdrSchema
from tasks.model.facts import Tables
from tasks.model.finding import CannotTell, Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

WIDEN = Remediation(
    id="widen_counter", kind=Kind.ENGINEER, text="widen the counter to BIGINT in the upgrade's window", reversible=True,
    downtime_s=600,
)


@check(severity=Severity.MEDIUM, blocking=False)
def cdr_autoincrement_room(schema: CdrSchema, tables: Tables, profile: Profile) -> Iterator[Yielded]:
    counter = cdr_counter(schema, tables, profile)
    if counter is None:
        yield CannotTell(subject=profile.database.cdr_table, summary="the table of calls has no counter that is known")
        return
    limit = profile.database_health.counter_used_fraction
    if counter.used_fraction >= limit:
        used, most = Quantity(value=counter.used_fraction * 100, unit="%"), Quantity(value=limit * 100, unit="%")
        summary = f"{counter.column} {counter.type} has used {used} of its numbers, "
        summary += f"{max(0, counter.largest - counter.next_value + 1):,} are left"
        yield Problem(subject=counter.column, summary=summary, measured=used, threshold=most, remediations=(WIDEN,))
