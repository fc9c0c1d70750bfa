"""Levels of a stream by bands, in steps of 10 ms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from core.config import SAMPLE_RATE
from core.sound.reading import Waveform

STEP_SAMPLES = 160
"""Samples from one level to the next: 10 ms."""

QUIETEST_DB = -100.0

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
