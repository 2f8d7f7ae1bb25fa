"""Triggers, events, routines, views and foreign keys of the site's own break when the upgrade changes their tables.

A trigger that names a dropped column makes every INSERT fail, and with it the writing of calls; an event may run in the
middle of the upgrade. What PBXware ships itself stands in the profile (database_health.own_objects).
Remedy: save their definitions, switch them off before the upgrade, and adapt them to the new schema after it.
Client: Custom automation was added inside your phone system's database. It must be switched off and checked.
Otherwise: The automation may fail after the upgrade, and calls may then not be recorded.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.database import is_own
from tasks.model.check import check
from tasks.model.database_facts import DatabaseObjects, ObjectKind
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.profile import Profile

ADAPT = Remediation(
    id="adapt_object", kind=Kind.ENGINEER, text="save its definition, switch it off, adapt it after the upgrade",
    reversible=True,
)


@check(severity=Severity.MEDIUM, blocking=False)
def database_objects(found: DatabaseObjects, profile: Profile) -> Iterator[Problem]:
    for one in found.objects:
        # A computed column of the CDR table is told among its columns; elsewhere it moves with its table.
        if one.kind is not ObjectKind.GENERATED_COLUMN and not is_own(one.name, profile.database_health.own_objects):
            on = f" on {one.table}" if one.table else ""
            summary = f"{one.kind.replace('_', ' ')} {one.name}{on} is not PBXware's own"
            yield Problem(subject=f"{one.kind} {one.name}", summary=summary, remediations=(ADAPT,))
