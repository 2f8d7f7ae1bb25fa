"""A channel that has been up for longer than calls last is stuck: it holds a line, and a stop that waits for calls.

Remedy: look at the channel (`core show channel NAME`), and hang it up with `channel request hangup NAME`.
Client: A call seems to hang in your phone system for many hours. We would like to end it.
Otherwise: The call may go on costing money, and it keeps us from beginning the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import Channels
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile

HANG_UP = Remediation(
    id="hang_up_channel", kind=Kind.ENGINEER, text="hang the channel up: a call that is real ends", reversible=False
)


@check(severity=Severity.MEDIUM, blocking=False)
def stuck_channel(channels: Channels, profile: Profile) -> Iterator[Yielded]:
    longest = profile.telephony.stuck_channel_s
    # The two halves of a Local channel (…;1 and …;2) are one.
    stuck = {one.name.partition(";")[0]: one for one in channels.channels if one.duration_s > longest}
    for name, one in stuck.items():
        yield Problem(
            subject=name,
            summary=f"{name} ({one.state}, {one.application}) is up for {one.duration_s / 3600:.1f} h",
            measured=Quantity(value=one.duration_s, unit="s"),
            threshold=Quantity(value=longest, unit="s"),
            remediations=(HANG_UP,),
        )
