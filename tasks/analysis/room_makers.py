"""Commands that free room on a mount: offered only where the profile names folders that lie there."""
from __future__ import annotations

from tasks.model.facts import Mount, Mounts
from tasks.model.finding import Kind, Remediation
from tasks.model.profile import Profile

FREE = Remediation(id="free_space", kind=Kind.CLIENT, text="remove old recordings and backups", reversible=False)
CLEAR = Remediation(id="clear_temporary_files", kind=Kind.COMMAND, reversible=False,
                    text="delete old files from the temporary folders")
DELETE = Remediation(id="delete_old_recordings", kind=Kind.COMMAND, reversible=False,
                     text="delete recordings of calls that are older than they have to be kept")


def room_makers(mount: Mount, mounts: Mounts, profile: Profile) -> tuple[Remediation, ...]:
    """What could free room on ``mount``; how much, the preview of each counts."""
    rules = profile.remedies
    offered = ((CLEAR, rules.temporary_folders), (DELETE, rules.recording_folders))
    return tuple(remedy for remedy, folders in offered if any(mounts.holding(folder) == mount for folder in folders))
