"""Delete what lies forgotten in temporary folders: only plain files of one file system, old, and in nobody's use."""
from __future__ import annotations

from datetime import datetime, timedelta

from tasks.model.errors import UserError
from tasks.model.preview import Preview
from tasks.model.profile import Profile
from tasks.wire.remedies.listing import Wanted
from tasks.wire.remedies.remedy import Done, Ground, Remedy, Sight
from tasks.wire.remedies.removal import previewed, removed

ID = "clear_temporary_files"


async def preview(sight: Sight) -> Preview:
    return await previewed(sight, _wanted(sight.profile, sight.now), ID, "temporary files")


async def carry_out(ground: Ground) -> Done:
    return await removed(ground, _wanted(ground.profile, ground.now), "temporary files")


def _wanted(profile: Profile, now: datetime) -> Wanted:
    rule = profile.remedies.temporary
    if rule is None:
        raise UserError("folders_unknown", "the profile names no temporary folders", "write its remedies.temporary")
    return Wanted(rule.folders, now - timedelta(days=rule.older_days), unchanged=True)


REMEDY = Remedy(ID, preview, carry_out, destroys=True)
