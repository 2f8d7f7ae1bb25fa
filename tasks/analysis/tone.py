"""Telling a tone from everything else that a phone line may give back.

Sound is 16-bit PCM, interleaved. A tone is looked for in short windows, one at a time: a lost packet or a jump of the
jitter buffer then costs one window, where one long measurement could cancel itself out.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WINDOW_S = 0.1                  # tells tones 20 Hz apart from one another
SILENCE_DBFS = -50.0            # comfort noise lies below it
FULL_SCALE = 32768.0

Signal = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Heard:
    """``score``: 0 to 1, the share of the tone in the sound's energy, averaged over all windows from the first that
    sounds; silent windows count as 0. ``level_dbfs`` is None where nothing sounds.
    """

    score: float
    sounding_s: float
    level_dbfs: float | None


def tone(
    tone_hz: int, rate_hz: int, channels: int, first_sample: int, samples: int, level_dbfs: float = -12.0
) -> bytes:
    """PCM of a sine. Pieces with successive ``first_sample`` join without a click."""
    when = np.arange(first_sample, first_sample + samples) / rate_hz
    wave = FULL_SCALE * 10 ** (level_dbfs / 20) * np.sin(2 * math.pi * tone_hz * when)
    return np.repeat(np.round(wave).astype("<i2"), channels).tobytes()


def hear(pcm: bytes, rate_hz: int, channels: int, tone_hz: int) -> Heard:
    """How much of ``pcm`` is the tone."""
    windows = _windows(pcm, rate_hz, channels)
    levels = [_dbfs(window) for window in windows]
    sounding = [number for number, level in enumerate(levels) if level > SILENCE_DBFS]
    if not sounding:
        return Heard(0.0, 0.0, None)
    shares = [
        _share(window, rate_hz, tone_hz) if level > SILENCE_DBFS else 0.0
        for window, level in zip(windows[sounding[0] :], levels[sounding[0] :], strict=True)
    ]
    energy = float(np.mean([10 ** (levels[number] / 10) for number in sounding]))
    return Heard(sum(shares) / len(shares), len(sounding) * WINDOW_S, round(10 * math.log10(energy), 1))


def _windows(pcm: bytes, rate_hz: int, channels: int) -> list[Signal]:
    """Whole windows of the first channel; what is left over at the end is dropped."""
    frame_bytes = 2 * channels
    samples = np.frombuffer(pcm[: len(pcm) // frame_bytes * frame_bytes], dtype="<i2")[::channels] / FULL_SCALE
    size = int(rate_hz * WINDOW_S)
    return [samples[start : start + size] for start in range(0, len(samples) - size + 1, size)]


def _dbfs(window: Signal) -> float:
    power = float(np.mean(window**2)) * 2           # a sine of full scale is 0 dBFS
    return 10 * math.log10(power) if power > 0 else -math.inf


def _share(window: Signal, rate_hz: int, tone_hz: int) -> float:
    """The part of the window's energy that a sine of ``tone_hz`` explains (least squares), without its mean."""
    window = window - window.mean()
    total = float(window @ window)
    if total <= 0.0:
        return 0.0
    angle = 2 * math.pi * tone_hz * np.arange(len(window)) / rate_hz
    basis = np.stack([np.cos(angle), np.sin(angle)])
    basis -= basis.mean(axis=1, keepdims=True)
    weights = np.linalg.solve(basis @ basis.T, basis @ window)
    return min(1.0, max(0.0, float((weights @ basis) @ window) / total))
