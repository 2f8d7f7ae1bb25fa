"""A script of the site's own stays where it is, and uses what the new release does not have.

PHP 7 removed the mysql_ functions, Asterisk 21 chan_sip; major releases change fields of the database (vendor).
Remedy: read the script, rewrite the places, and test it against the new release before the client relies on it.
Client: A program made for your phone system may not work with the new version. It must be looked at and adapted.
Otherwise: The program may stop working, or do the wrong thing, after the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.custom import fated
from tasks.model.check import check
from tasks.model.facts import CustomFiles
from tasks.model.finding import Kind, Problem, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.profile_custom import Effect
from tasks.model.release import Hop

REWRITE = Remediation(id="rework_script", kind=Kind.ENGINEER, reversible=True,
                      text="read the script and rewrite what the new release breaks")


@check(severity=Severity.MEDIUM, blocking=False)
def custom_breaks(custom: CustomFiles, profile: Profile, hop: Hop) -> Iterator[Problem]:
    for file in fated(custom, profile, hop):
        if file.effect is Effect.BREAKS:
            why = ", ".join(file.breaks)
            yield Problem(subject=file.path, summary=f"{file.said}; {why}", remediations=(REWRITE,),
                          confidence=file.confidence)
