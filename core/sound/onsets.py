"""Where new sound sets in: a sound that is held has one beginning, however long it lasts and however it wavers."""

from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.signal import butter

from core.config import SAMPLE_RATE
from core.records.arrays import Waveform
from core.sound.levels import BandPowers, to_db

BAND_EDGES_HZ = (150.0, 300.0, 500.0, 800.0, 1200.0, 1800.0, 2600.0, 4000.0, 7000.0)
"""Edges of the bands by which one sound is told from the next, each about as wide as a formant moves."""

SMOOTH_STEPS = 8
"""Steps that the level of a band is measured over: 80 ms, in which noise is steady within 2 dB."""

BEFORE_STEPS = 25
"""A band has risen if it is louder than at any time in the 250 ms before: a short gap or a tremolo is no rise."""

KEPT_STEPS = 500
"""How long onsets are remembered: 5 s."""

ONSET_DB = 1.0
"""Rise, as the mean over the bands, from which there is new sound. Held vowels, chords and noise reach 0.6 dB; nine
in ten words that follow another without a pause rise by more."""

HEARD_DB = 25.0
"""Bands this far below the loudest one, now or just before, do not count."""


@functools.cache
def _band_filters() -> tuple[NDArray[np.float64], ...]:
    """One for each band, as second-order sections; designing them takes longer than opening a stream should."""
    return tuple(butter(2, edges, "bandpass", fs=SAMPLE_RATE, output="sos") for edges in pairwise(BAND_EDGES_HZ))


class Onsets:
    """Follows the bands of a stream, and finds where some of them rise.

    This is the rectified spectral flux that finds the notes of music (Bello et al., 2005), against the maximum of what
    was heard lately (as in Böck and Widmer, 2013). What rises in all bands alike is the same sound, only louder.

    >>> onsets = Onsets()
    >>> time_s = np.arange(16_000) / 16_000
    >>> low, high = (0.1 * np.sin(2 * np.pi * hz * time_s).astype(np.float32) for hz in (600, 2000))
    >>> onsets.hear(np.concatenate([low, low, high, high]))
    >>> [round(step / 100) for step in onsets.steps.tolist()]
    [0, 2]
    """

    def __init__(self) -> None:
        self._bands = BandPowers(_band_filters())
        n_bands = len(BAND_EDGES_HZ) - 1
        self._powers = np.zeros((n_bands, SMOOTH_STEPS - 1))
        self._levels = to_db(np.zeros((n_bands, BEFORE_STEPS)))
        self._rising = False
        self._n_steps = 0
        self.steps: NDArray[np.int64] = np.zeros(0, np.int64)
        """Steps since the stream began at which new sound set in, oldest first, as far as they are kept."""

    def hear(self, samples: Waveform) -> None:
        """More of the stream (16 kHz, -1 to 1, (n,))."""
        powers = np.concatenate([self._powers, self._bands.hear(samples)], axis=1)
        n_new = powers.shape[1] - self._powers.shape[1]
        if n_new == 0:
            return
        self._powers = powers[:, n_new:]
        now = to_db(sliding_window_view(powers, SMOOTH_STEPS, axis=1).mean(axis=2))
        levels = np.concatenate([self._levels, now], axis=1)
        self._levels = levels[:, n_new:]
        # What is heard now overlaps with what was heard less than SMOOTH_STEPS ago.
        n_before = BEFORE_STEPS - SMOOTH_STEPS + 1
        before = sliding_window_view(levels[:, : n_new - 1 + n_before], n_before, axis=1).max(axis=2)
        least = np.maximum(before.max(axis=0), now.max(axis=0)) - HEARD_DB
        rises = np.maximum(now - np.maximum(before, least), 0)
        rising = (rises - rises.min(axis=0)).mean(axis=0) > ONSET_DB
        begins = np.flatnonzero(rising & ~np.concatenate([[self._rising], rising[:-1]]))
        self._rising = bool(rising[-1])
        # A level belongs to the middle one of its steps.
        steps = np.concatenate([self.steps, self._n_steps - SMOOTH_STEPS // 2 + begins])
        self._n_steps += n_new
        self.steps = steps[steps >= self._n_steps - KEPT_STEPS]


def known_at(steps: NDArray[np.int64], n_steps: int) -> NDArray[np.int64]:
    """Of the steps at which new sound set in, those that ``Onsets`` tells of once ``n_steps`` have been heard."""
    return steps[(steps + SMOOTH_STEPS // 2 < n_steps) & (steps >= n_steps - KEPT_STEPS)]
