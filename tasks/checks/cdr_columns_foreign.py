"""Columns of the CDR table that the vendor does not ship: the upgrade's ALTER may lose them, or fail on them.

The vendor's columns stand in the profile (database_health.cdr_columns).
Remedy: find out which program fills them, save them, and agree with the client whether they are made again afterwards.
Client: Extra fields were added to your call history. Please tell us which program uses them, so that none is lost.
Otherwise: What that program has stored there may be gone after the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.database import is_own
from tasks.model.check import check
from tasks.model.database_facts import CdrSchema
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.profile import Profile

SAVE = Remediation(
    id="save_columns", kind=Kind.ENGINEER, text="save the column with AcctId, and make it again after the upgrade",
    reversible=True,
)


@check(severity=Severity.MEDIUM, blocking=True)
def cdr_columns_foreign(schema: CdrSchema, profile: Profile) -> Iterator[Problem]:
    for column in schema.columns:
        if not is_own(column.name, profile.database_health.cdr_columns):
            computed = " (computed)" if column.generated else ""
            summary = f"{column.name} {column.type}{computed} is not one of the vendor's columns"
            yield Problem(subject=column.name, summary=summary, blocking=False, remediations=(SAVE,))
