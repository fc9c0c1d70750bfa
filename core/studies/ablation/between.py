"""Filters between initial and learned: part of the way, or with the gain of one and the shape of the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.records.arrays import FloatArray
from core.records.filters import Filters

Array = NDArray[np.float64]


def between(initial: NDArray[np.floating], learned: NDArray[np.floating], step: float) -> Array:
    """Weights that have gone ``step`` of the way (0 to 1) from the initial to the learned ones, in a straight line."""
    return np.asarray((1 - step) * np.asarray(initial, np.float64) + step * np.asarray(learned, np.float64))


def filters_at(filters: Filters, step: float) -> Filters:
    """The filters with ``learned`` replaced by those that have gone ``step`` of the way."""
    start, end = filters.initial, filters.learned

    def mixed(name: str) -> FloatArray:
        return between(getattr(start, name), getattr(end, name), step).astype(np.float32)

    return replace(
        filters,
        learned=replace(end, mel_basis=mixed("mel_basis"), stft_cos=mixed("stft_cos"), stft_sin=mixed("stft_sin")),
    )


def gains(initial: NDArray[np.floating], learned: NDArray[np.floating]) -> Array:
    """How many times as large each learned row is as the initial one (ratio of Euclidean norms), (n_rows,).

    A filter that was silent from the start counts as scaled by 1, so that what it learned is all shape.

    >>> gains(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.0, 3.0], [1.0, 0.0]])).tolist()
    [3.0, 1.0]
    """
    before, after = (np.linalg.norm(np.asarray(side, np.float64), axis=1) for side in (initial, learned))
    return np.asarray(np.where(before > 0, after / np.where(before > 0, before, 1.0), 1.0))


def kernel_gains(filters: Filters) -> Array:
    """Gain of each STFT bin, its cosine and sine kernel taken together, (n_bins,)."""
    sides = (np.concatenate([side.stft_cos, side.stft_sin], axis=1) for side in (filters.initial, filters.learned))
    return gains(*sides)


def only_gain(initial: NDArray[np.floating], learned: NDArray[np.floating]) -> Array:
    """Each initial filter, as loud as the learned one."""
    return np.asarray(np.asarray(initial, np.float64) * gains(initial, learned)[:, None])


def only_shape(initial: NDArray[np.floating], learned: NDArray[np.floating]) -> Array:
    """Each learned filter, as loud as the initial one; one that went silent stays so."""
    gain = gains(initial, learned)
    return np.asarray(np.asarray(learned, np.float64) / np.where(gain > 0, gain, 1.0)[:, None])
