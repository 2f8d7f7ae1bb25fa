"""Delete recordings that are older than the client keeps them, but for those on legal hold. There is no way back."""
from __future__ import annotations

from datetime import datetime, timedelta

from tasks.model.errors import UserError
from tasks.model.preview import Preview
from tasks.model.profile import Profile
from tasks.wire.remedies.listing import Wanted
from tasks.wire.remedies.remedy import Done, Ground, Remedy, Sight
from tasks.wire.remedies.removal import previewed, removed

ID = "delete_old_recordings"


async def preview(sight: Sight) -> Preview:
    return await previewed(sight, _wanted(sight.profile, sight.now), ID, "recordings")


async def carry_out(ground: Ground) -> Done:
    return await removed(ground, _wanted(ground.profile, ground.now), "recordings")


def _wanted(profile: Profile, now: datetime) -> Wanted:
    rule = profile.remedies.recordings
    if rule is None:
        raise UserError("folders_unknown", "the profile does not say where recordings lie and how long they are kept",
                        "write its remedies.recordings")
    return Wanted(
        rule.folders, now - timedelta(days=rule.retention_days), rule.names, hold_patterns=rule.hold_patterns,
        hold_list=rule.hold_list, hold_marker=rule.hold_marker,
    )


REMEDY = Remedy(ID, preview, carry_out, destroys=True)
