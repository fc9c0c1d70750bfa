"""What goes wrong beside a word, as people record it: made from formulas, with known places."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from core.config import SAMPLE_RATE

ROOM_DB = -62.0


def _time_s(n):
    return np.arange(n) / SAMPLE_RATE


def _decay(length_s, tau_s):
    return np.exp(-_time_s(round(length_s * SAMPLE_RATE)) / tau_s)


def _wave(hz, length_s, phase=0.0):
    return np.sin(2 * np.pi * hz * _time_s(round(length_s * SAMPLE_RATE)) + phase)


def _keys(random):
    """Five strokes on a keyboard."""
    sound = np.zeros(round(0.8 * SAMPLE_RATE))
    for number in range(5):
        begin = round(0.15 * number * SAMPLE_RATE) + random.integers(0, 400)
        sound[begin : begin + 160] += 0.9 * random.uniform(-1, 1, 160) * _decay(0.01, 0.003)
    return sound


BESIDE = {
    "pop": lambda _random: np.full(70, 0.95),
    "step": lambda _random: 0.95 * _decay(0.5, 0.06),
    "breath": lambda _random: 0.9 * _decay(0.3, 0.04) * _wave(30, 0.3, np.pi / 2),
    "click": lambda _random: np.array([0.99, -0.7, -0.5, -0.3, -0.2, -0.1]),
    "keys": _keys,
    "thump": lambda random: 0.9 * _decay(0.5, 0.1) * _wave(random.uniform(50, 90), 0.5),
    "knock": lambda random: 0.9 * _decay(0.3, 0.04) * _wave(random.uniform(100, 180), 0.3),
    "burst of 20 Hz": lambda _random: 0.8 * _wave(20, 0.6, 1.0),
    "offset that settles": lambda _random: 0.8 * _decay(0.9, 0.25),
}
"""A sound beside the word, made with a random generator."""

THROUGHOUT = {
    "offset": lambda n, _random: np.full(n, 0.3),
    "hum": lambda n, _random: sum(a * np.sin(2 * np.pi * hz * _time_s(n)) for hz, a in ((50, 0.1), (150, 0.02))),
    "rumble": lambda n, random: (
        0.8 * sosfilt(butter(4, 80, fs=SAMPLE_RATE, output="sos"), 2 * random.standard_normal(n))
    ),
    "hiss": lambda n, random: 10 ** (-50 / 20) * random.standard_normal(n),
}
"""A sound that never ends, (n,)."""


def spoken(words, n_words):
    """Validation clips of keywords: the clip, and the first and last sample of what is within 20 dB of its loudest."""
    rows = np.flatnonzero((words.splits == "validation") & (words.labels < 10))
    found = []
    for row in rows[:: max(1, len(rows) // n_words)][:n_words]:
        clip = words.clip(int(row))
        # Above rumble, which some of the real recordings have.
        power = np.square(sosfilt(butter(2, 200, "highpass", fs=SAMPLE_RATE, output="sos"), clip))
        power = np.convolve(power, np.full(480, 1 / 480), "same")
        loud = np.flatnonzero(power > power.max() / 100)
        found.append((clip, int(loud[0]), int(loud[-1])))
    return found


def recording(clip, n_samples, at, *, seed=0, beside="", where="before", throughout=""):
    """A word in a quiet room, from sample ``at`` on, and what disturbs it."""
    random = np.random.default_rng(seed)
    sound = 10 ** (ROOM_DB / 20) * random.standard_normal(n_samples)
    sound[at : at + len(clip)] += clip[: n_samples - at]
    if beside:
        event = BESIDE[beside](random)
        begin = random.integers(0, 3_000) if where == "before" else at + len(clip) + random.integers(0, 3_000)
        event = event[: n_samples - begin]
        sound[begin : begin + len(event)] += event
    if throughout:
        sound += THROUGHOUT[throughout](n_samples, random)
    return np.clip(sound, -1, 1).astype(np.float32)
