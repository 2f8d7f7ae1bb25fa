"""What the site has put into a folder that the upgrade replaces is not in the new one.

Seen: plain PHP among the vendor's encoded pages, AGI scripts. Which folders are replaced stands in the profile.
Remedy: save the file, and put it back after the upgrade if the client still needs it; it may want rework.
Client: Your phone system contains additions that the upgrade removes. Please tell us which of them you still need.
Otherwise: The additions are gone after the upgrade.
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

SAVE = Remediation(id="save_and_restore_files", kind=Kind.ENGINEER, reversible=True,
                   text="save the file before the upgrade and put it back afterwards")


@check(severity=Severity.MEDIUM, blocking=False)
def custom_lost(custom: CustomFiles, profile: Profile, hop: Hop) -> Iterator[Problem]:
    for file in fated(custom, profile, hop):
        if file.effect is Effect.LOST:
            rework = "".join(f"; it {why}" for why in file.breaks)
            yield Problem(subject=file.path, summary=f"{file.said}; the upgrade loses it{rework}", remediations=(SAVE,),
                          confidence=file.confidence)
