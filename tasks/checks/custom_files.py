"""Files that the site put there itself: what becomes of them has to be known before an upgrade.

What is thought to survive is only told; where the profile says of no fate, somebody has to look.
Vendor's policy for custom development: take it out, install, apply it again, perhaps after rework.
Remedy: save the files, find out what they are for, and name their fate in the profile's custom section.
Client: Your phone system contains changes made for you. Please tell us which you still need after the upgrade.
Otherwise: What was made for you may be missing or not work after the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.analysis.custom import fated
from tasks.model.check import Yielded, check
from tasks.model.facts import CustomFiles
from tasks.model.finding import CannotTell, Confidence, Kind, Notice, Problem, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.profile_custom import Effect
from tasks.model.release import Hop

REAPPLY = Remediation(
    id="reapply_files", kind=Kind.ENGINEER, text="save the file and apply it again after the upgrade", reversible=True
)


@check(severity=Severity.MEDIUM, blocking=True, version=2)
def custom_files(custom: CustomFiles, profile: Profile, hop: Hop) -> Iterator[Yielded]:
    for kind in custom.cut:
        summary = "there are more of them than could be listed: look at them on the system, and waive this by its name"
        yield CannotTell(subject=kind, summary=summary)
    for file in fated(custom, profile, hop):
        if file.effect is Effect.SURVIVES:
            yield Notice(subject=file.path, summary=f"{file.said}; the upgrade leaves it", confidence=file.confidence)
        elif file.effect is None:
            yield Problem(subject=file.path, summary=f"{file.said}; what becomes of it is not known", blocking=False,
                          remediations=(REAPPLY,), confidence=Confidence.GUESS)
