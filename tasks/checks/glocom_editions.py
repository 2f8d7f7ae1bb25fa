"""On the way to 4.x the gloCOM edition of every extension becomes ALL (vendor's documentation).

Whatever was restricted before is open to everybody afterwards, and licences may not suffice.
Remedy: note the edition of each extension before the upgrade, and set them again after it.
Client: After the upgrade every user may use all editions of gloCOM. Please tell us who should be restricted again.
Otherwise: Every user sees all editions of gloCOM until somebody restricts them again.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.release import Hop

NOTE = Remediation(id="note_glocom_editions", kind=Kind.ENGINEER, reversible=True, needs_approval=False,
                   text="note the gloCOM edition of each extension, and set it again after the upgrade")


@check(crossing="4.0", severity=Severity.LOW, blocking=False)
def glocom_editions(hop: Hop) -> Iterator[Problem]:
    summary = f"from {hop.source} to {hop.target} the gloCOM edition of every extension becomes ALL"
    yield Problem(subject="extensions", summary=summary, remediations=(NOTE,))
