"""What a trunk's list of codecs means: which of them are sound, and which Asterisk can only pass on."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.codecs import AUDIO, audio, untranslated

HAS = frozenset(("ulaw", "alaw", "gsm", "g722", "slin8", "slin16"))


@pytest.mark.parametrize(("allowed", "sound", "passed_on"), [
    (("ulaw", "alaw"), ("ulaw", "alaw"), ()),
    (("g729", "alaw"), ("g729", "alaw"), ("g729",)),
    (("g729a", "g729"), ("g729",), ("g729",)),
    (("h264", "vp8", "t140"), (), ()),
    (("slin",), ("slin",), ()),
    ((), (), ()),
])
def test_sound_is_told_from_pictures_and_what_is_translated_from_what_is_passed_on(
    allowed: tuple[str, ...], sound: tuple[str, ...], passed_on: tuple[str, ...]
) -> None:
    assert audio(allowed) == sound
    assert untranslated(allowed, HAS) == passed_on


@given(st.lists(st.sampled_from(sorted(AUDIO)) | st.text(max_size=6)), st.frozensets(st.sampled_from(sorted(AUDIO))))
def test_what_is_translated_and_what_is_passed_on_are_all_the_sound(allowed: list[str], has: frozenset[str]) -> None:
    passed_on = untranslated(allowed, has)
    assert set(passed_on) | ((has | {"slin"}) & set(audio(allowed))) == set(audio(allowed))
    assert not set(passed_on) & has
