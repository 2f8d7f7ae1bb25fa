"""A tone is told from all that is not it: other tones, noise, silence; and through what a phone line does to it."""
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.analysis.tone import hear, tone
from tasks.rules.call_verdict import Thresholds

HZ, ENOUGH = 1150, Thresholds().tone_score
RATES = st.sampled_from([8000, 16000, 48000])


def sound(hz: int = HZ, seconds: float = 2.0, rate: int = 8000, level: float = -12.0) -> np.ndarray:
    return np.frombuffer(tone(hz, rate, 1, 0, int(seconds * rate), level), dtype="<i2").astype(float)


def pcm(samples: np.ndarray) -> bytes:
    return np.clip(np.round(samples), -32768, 32767).astype("<i2").tobytes()


def noise(seconds: float, level_dbfs: float, seed: int = 1) -> np.ndarray:
    scale = 32768 * 10 ** (level_dbfs / 20) / math.sqrt(2)
    return np.random.default_rng(seed).normal(0, scale, int(seconds * 8000))


def mu_law(samples: np.ndarray) -> np.ndarray:
    """G.711's companding to 8 bits and back (the continuous law)."""
    x = samples / 32768
    small = np.sign(x) * np.log1p(255 * np.abs(x)) / math.log(256)
    small = np.round(small * 127) / 127
    return 32768 * np.sign(small) * np.expm1(np.abs(small) * math.log(256)) / 255


def score(samples: np.ndarray, hz: int = HZ) -> float:
    return hear(pcm(samples), 8000, 1, hz).score


def test_a_clean_tone_scores_one() -> None:
    heard = hear(pcm(sound()), 8000, 1, HZ)
    assert heard.score > 0.999 and heard.sounding_s == pytest.approx(2)
    assert heard.level_dbfs == pytest.approx(-12, abs=0.1)


@given(rate=RATES, channels=st.integers(1, 2), hz=st.integers(200, 3400), cut=st.integers(1, 1000))
@settings(max_examples=60, deadline=None)
def test_what_is_sent_is_recognised_at_every_rate_even_in_pieces(rate: int, channels: int, hz: int, cut: int) -> None:
    pieces = [tone(hz, rate, channels, start, min(cut, rate - start)) for start in range(0, rate, cut)]
    assert hear(b"".join(pieces), rate, channels, hz).score > 0.99


@given(other=st.integers(200, 3400).filter(lambda hz: abs(hz - HZ) > 20), level=st.floats(-30, 0))
@settings(max_examples=100, deadline=None)
def test_another_tone_is_never_taken_for_it(other: int, level: float) -> None:
    assert score(sound(other, level=level)) < 0.2


@pytest.mark.parametrize("hz", [350, 425, 440, 480, 620, 941, 950, 1004, 1100, 1209, 1336, 1400, 1477, 1800, 2100])
def test_the_tones_that_pbxs_play_are_not_the_tone(hz: int) -> None:
    assert score(sound(hz)) < 0.05


def test_silence_and_what_is_too_short_score_nothing() -> None:
    for silent in (b"", pcm(np.zeros(16000)), pcm(noise(2, -60)), b"\x01", pcm(sound(seconds=0.05))):
        heard = hear(silent, 8000, 1, HZ)
        assert (heard.score, heard.level_dbfs) == (0.0, None)


@given(st.integers(0, 10_000), st.floats(-40, 0))
@settings(max_examples=50, deadline=None)
def test_noise_is_never_taken_for_it(seed: int, level: float) -> None:
    assert score(noise(1, level, seed)) < 0.1


def test_a_constant_offset_is_no_sound_of_the_tone() -> None:
    assert score(np.full(16000, 8000.0)) == 0.0
    assert score(sound() + 4000) > 0.99


@pytest.mark.parametrize(("drive_db", "at_least"), [(6, 0.9), (40, 0.75)])
def test_a_clipped_tone_is_still_recognised(drive_db: int, at_least: float) -> None:
    assert score(sound(level=0.0) * 10 ** (drive_db / 20)) > at_least > ENOUGH


def test_a_tone_through_g711_and_line_noise_is_recognised() -> None:
    line = mu_law(sound()) + noise(2, -30)
    assert score(mu_law(line)) > 0.95


def test_a_tone_drowned_in_louder_noise_is_not() -> None:
    assert score(sound() + noise(2, -9)) < ENOUGH


def test_the_delay_before_an_echo_costs_nothing() -> None:
    assert score(np.concatenate([np.zeros(8000), sound(seconds=1.0)])) > 0.99


def test_a_tone_that_breaks_off_scores_as_much_as_there_was_of_it() -> None:
    assert score(np.concatenate([sound(seconds=1.0), np.zeros(8000)])) == pytest.approx(0.5, abs=0.02)


def test_lost_packets_cost_their_own_share_only() -> None:
    samples = sound()
    for start in range(0, len(samples), 160 * 20):      # one packet of twenty is silence
        samples[start : start + 160] = 0
    assert score(samples) > 0.8


def test_a_jump_of_the_jitter_buffer_costs_one_window() -> None:
    samples = sound()
    assert score(np.concatenate([samples[:8037], samples[8101:]])) > 0.95


@given(st.binary(max_size=20_000), RATES, st.integers(1, 2), st.integers(200, 3400))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_a_score_between_nothing_and_one(content: bytes, rate: int, channels: int, hz: int) -> None:
    heard = hear(content, rate, channels, hz)
    assert 0.0 <= heard.score <= 1.0
    assert (heard.level_dbfs is None) == (heard.sounding_s == 0)
