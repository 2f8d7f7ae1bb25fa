"""Whom an upgrade would cut off: people, not echo tests, and not what hangs since the morning."""
from __future__ import annotations

import pytest

from tasks.model.asterisk_facts import Channel, Channels
from tasks.model.fact import Unknown
from tasks.model.profile import Profile
from tasks.rules.callers import calls_to_cut

TALK = (Channel("SIP/101-1", "Up", "Dial", 40), Channel("SIP/trunk-2", "Up", "AppDial", 38))
TEST = (Channel("SIP/600-3", "Up", "Echo", 4),)
STUCK = (Channel("SIP/102-4", "Up", "Queue", 14_401),)


@pytest.mark.parametrize(
    ("calls", "channels", "cut"),
    [
        (0, (), 0), (1, TALK, 1), (1, TEST, 0), (1, STUCK, 0), (2, TEST + STUCK, 0), (3, TALK + TEST + STUCK, 3),
        (1, (Channel("SIP/102-4", "Up", "Queue", 14_400),), 1), (2, (), 2),
    ],
    ids=["nobody", "two people", "an echo test", "a stuck channel", "a test beside a stuck one", "people among them",
         "a long call", "counted, and no channel told"],
)
def test_people_count_and_tests_and_stuck_channels_do_not(
    profile: Profile, calls: int, channels: tuple[Channel, ...], cut: int
) -> None:
    assert calls_to_cut(Channels(calls, channels), profile) == cut


def test_what_asterisk_does_not_tell_is_not_taken_for_silence(profile: Profile) -> None:
    assert calls_to_cut(Unknown("channels", "Asterisk is not running"), profile) is None
