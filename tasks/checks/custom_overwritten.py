"""A file of the vendor's that the site has edited is brought anew by the upgrade: the edit is gone.

Seen: style sheets and logos of the web pages, which a cron script of the site's then put back.
Remedy: save the file, and make the same edit in the new release's own file; never copy the old one over it.
Client: The look of your phone system's web pages was changed for you. The upgrade resets it; we can apply it again.
Otherwise: The web pages look as delivered by the maker after the upgrade.
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

EDIT = Remediation(id="repeat_edit", kind=Kind.ENGINEER, reversible=True,
                   text="save the edited file and make the same edit in the new one")


@check(severity=Severity.LOW, blocking=False)
def custom_overwritten(custom: CustomFiles, profile: Profile, hop: Hop) -> Iterator[Problem]:
    for file in fated(custom, profile, hop):
        if file.effect is Effect.OVERWRITTEN:
            yield Problem(subject=file.path, summary=f"{file.said}; the upgrade overwrites it", remediations=(EDIT,),
                          confidence=file.confidence)
