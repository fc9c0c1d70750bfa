"""What can happen to a clip on its way to a model: noise, a shift in time, another loudness, another speed.

Sound in, sound out, and a record of what a model answered to it; nothing here imports torch.
"""

from __future__ import annotations

import numpy as np
import soxr

from core.config import SAMPLE_RATE
from core.records.arrays import FloatArray
from core.records.robustness import Change
from core.sound.levels import rms

VALUES: dict[Change, tuple[float | None, ...]] = {
    "noise": (None, 20.0, 15.0, 10.0, 5.0, 0.0, -5.0),
    "shift": (-300.0, -200.0, -100.0, 0.0, 100.0, 200.0, 300.0),
    "gain": (-30.0, -20.0, -10.0, 0.0, 10.0),
    "speed": (0.8, 0.9, 1.0, 1.1, 1.25),
}
"""What is measured of each kind: signal-to-noise ratios (dB; None for no noise), shifts (ms, later is positive), gains
(dB), speeds (times; above 1 is faster and higher)."""

UNCHANGED: dict[Change, float | None] = {"noise": None, "shift": 0.0, "gain": 0.0, "speed": 1.0}
"""The value of each kind that leaves a clip as it is."""


QUIET_SPAN = 0.25
"""Noise that pauses during a word counts as at least this loud there, relative to the whole second: otherwise a pause
would be made as loud as the word, and what follows it deafening."""


def with_noise(
    clip: FloatArray, noise: FloatArray, snr_db: float, span: tuple[int, int], speech_rms: float | None = None
) -> FloatArray:
    """A clip with noise added at a signal-to-noise ratio: power of both over the active speech.

    A mix beyond full scale is turned down as a whole, as an automatic recording level does: the ratio stays.

    Args:
        clip: The clip, -1 to 1, (n,).
        noise: The noise at any level, (n,).
        snr_db: Signal-to-noise ratio (dB).
        span: First sample of the active speech, and the first one behind it.
        speech_rms: Level that counts as the speech's; None measures it. A clip without speech needs one given.

    >>> mix = with_noise(np.full(4, 0.1, np.float32), np.float32([1, -1, 1, -1]), 20.0, (0, 4))
    >>> mix.round(3).tolist()
    [0.11, 0.09, 0.11, 0.09]
    """
    start, end = span
    speech = rms(clip[start:end]) if speech_rms is None else speech_rms
    loudness = max(rms(noise[start:end]), QUIET_SPAN * rms(noise))
    mix = clip + noise * np.float32(speech / max(loudness, 1e-9) * 10 ** (-snr_db / 20))
    return np.asarray(mix / max(1.0, float(np.abs(mix).max())), dtype=np.float32)


def shifted(clip: FloatArray, shift_ms: float) -> FloatArray:
    """A clip moved in time, later if positive; silence fills the gap, and what leaves the second is lost.

    >>> shifted(np.float32([1, 2, 3]), 1000 / 16_000).tolist()
    [0.0, 1.0, 2.0]
    """
    samples = round(shift_ms * SAMPLE_RATE / 1000)
    moved = np.zeros_like(clip)
    if abs(samples) < len(clip):
        moved[max(samples, 0) : len(clip) + min(samples, 0)] = clip[max(-samples, 0) : len(clip) - max(samples, 0)]
    return moved


def amplified(clip: FloatArray, gain_db: float) -> FloatArray:
    """A clip made louder or quieter; what exceeds full scale is cut off, as a sound card does.

    >>> amplified(np.float32([0.01, 0.5]), 20.0).round(3).tolist()
    [0.1, 1.0]
    """
    return np.asarray(np.clip(clip * np.float32(10 ** (gain_db / 20)), -1, 1), dtype=np.float32)


def at_speed(clip: FloatArray, speed: float, middle: int) -> FloatArray:
    """A clip played faster or slower, as a tape is: the pitch follows. The word's middle stays where it is.

    Args:
        clip: The clip, (n,).
        speed: Times as fast.
        middle: Sample that stays in its place.

    Returns:
        The same number of samples; silence fills what is missing, what is too long is cut off.
    """
    if speed == 1:
        return clip
    played = soxr.resample(clip, SAMPLE_RATE * speed, SAMPLE_RATE)
    first = round(middle / speed) - middle
    placed = np.zeros_like(clip)
    source = np.clip([first, first + len(clip)], 0, len(played))
    placed[source[0] - first : source[1] - first] = played[source[0] : source[1]]
    return np.asarray(np.clip(placed, -1, 1))
