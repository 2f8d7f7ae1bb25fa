"""How many people an upgrade would cut off if it began now."""
from __future__ import annotations

from tasks.model.asterisk_facts import Channels
from tasks.model.fact import Unknown
from tasks.model.profile import Profile

_NOBODY = "echo"                # a test call, ours or another's, speaks to itself


def calls_to_cut(channels: Channels | Unknown, profile: Profile) -> int | None:
    """The calls that are up; 0 where each channel is an echo test or stuck, None where it could not be told.

    A stuck channel is not waited for: the check of that name has told of it, and somebody has answered for it.
    """
    if isinstance(channels, Unknown):
        return None
    nobody = [
        one for one in channels.channels
        if one.application.lower() == _NOBODY or one.duration_s > profile.telephony.stuck_channel_s
    ]
    return 0 if channels.channels and len(nobody) == len(channels.channels) else channels.calls
