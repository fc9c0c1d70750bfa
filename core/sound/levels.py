"""How loud sound is: as a whole, where a word is spoken in it, and by bands along a stream, in steps of 10 ms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.config import SAMPLE_RATE
from core.records.arrays import Waveform

STEP_SAMPLES = 160
"""Samples from one level to the next: 10 ms."""

QUIETEST_DB = -100.0

NOTHING_RMS = 1e-4
"""RMS below which a sound holds nothing, full scale 1: three steps of 16 bits."""

Array = NDArray[np.float64]


class BandPowers:
    """Mean square of a stream in one or several bands, step by step; how it is cut into chunks makes no difference.

    Args:
        filters: One for each band, as second-order sections (scipy's ``sos``, (n_sections, 6)).

    >>> whole = BandPowers([np.array([[1.0, 0, 0, 1, 0, 0]])])
    >>> whole.hear(np.full(400, 0.5, np.float32)).tolist(), whole.hear(np.zeros(80, np.float32)).tolist()
    ([[0.25, 0.25]], [[0.125]])
    """

    def __init__(self, filters: Sequence[Array]) -> None:
        self._filters = filters
        self._states = [np.zeros((len(each), 2)) for each in filters]
        self._waiting = np.zeros((len(filters), 0))

    def hear(self, samples: Waveform) -> Array:
        """More of the stream (16 kHz, -1 to 1, (n,)); gives the steps that it completes, (n_bands, n_steps)."""
        if len(samples) == 0:
            # Nothing through sosfilt would leave its state undefined.
            return np.zeros((len(self._filters), 0))
        from scipy.signal import sosfilt  # takes half a second, which no command shall wait that hears no stream

        filtered = np.empty((len(self._filters), len(samples)))
        for band, taps in enumerate(self._filters):
            filtered[band], self._states[band] = sosfilt(taps, samples, zi=self._states[band])
        waiting = np.concatenate([self._waiting, filtered], axis=1)
        n_steps = waiting.shape[1] // STEP_SAMPLES
        whole, self._waiting = np.split(waiting, [n_steps * STEP_SAMPLES], axis=1)
        powers: Array = np.square(whole).reshape(len(whole), n_steps, STEP_SAMPLES).mean(axis=2)
        return powers


def to_db(power: Array) -> Array:
    """Mean square to dB of full scale, at least ``QUIETEST_DB``.

    >>> to_db(np.array([1.0, 0.01, 0.0])).tolist()
    [0.0, -20.0, -100.0]
    """
    return 10 * np.log10(np.maximum(power, 10 ** (QUIETEST_DB / 10)))


def seconds(step: int) -> float:
    """When a step of a stream begins; what would lie before the stream begins with it.

    >>> seconds(150), seconds(-2)
    (1.5, 0.0)
    """
    return max(0, step) * STEP_SAMPLES / SAMPLE_RATE


ACTIVE_DB = (10.0, 25.0)
"""A word lasts while it is at most this far below its loudest 10 ms: the second in a quiet clip, the first in a noisy
one, and in between as far down as ``ABOVE_FLOOR_DB`` above the quietest tenth of the clip."""

ABOVE_FLOOR_DB = 10.0


def active_span(clip: Waveform) -> tuple[int, int]:
    """Where the word in a clip begins and ends (samples), found by its energy in frames of 10 ms.

    >>> clip = np.zeros(16_000, np.float32)
    >>> clip[4800:8000] = 0.5
    >>> active_span(clip)
    (4800, 8000)
    """
    power = np.square(clip[: len(clip) // STEP_SAMPLES * STEP_SAMPLES].reshape(-1, STEP_SAMPLES)).mean(axis=1)
    level_db = 10 * np.log10(power + 1e-12)
    loudest_db, floor_db = float(level_db.max()), float(np.percentile(level_db, 10))
    depth_db = np.clip(loudest_db - floor_db - ABOVE_FLOOR_DB, *ACTIVE_DB)
    active = np.flatnonzero(level_db >= loudest_db - depth_db)
    return int(active[0]) * STEP_SAMPLES, (int(active[-1]) + 1) * STEP_SAMPLES


def rms(sound: Waveform) -> float:
    """Root mean square of a sound; 0 for none.

    >>> rms(np.float32([3, -3]))
    3.0
    """
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0
