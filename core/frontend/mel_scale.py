"""Mel-scale maths, and what a filter or kernel does: where it listens, how widely, how loudly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import ConfigError

Array = NDArray[np.float64]

SLANEY_HZ_PER_MEL = 200 / 3
SLANEY_CORNER_HZ = 1000.0
SLANEY_MELS_PER_E = 27 / np.log(6.4)
"""Above the corner, 27 mels are a factor of 6.4 in frequency."""

SEEN_CHANGE = 5e-4
"""A change below this share of a filter is none to speak of."""


def hz_to_mel(hz: ArrayLike, *, htk: bool = False) -> Array:
    """Pitch in mel of a frequency.

    Two scales share the name, so a mel is only meaningful beside its formula. Slaney's is a straight line up to
    1,000 Hz (15 mel) and a logarithm above (Slaney, Auditory Toolbox, 1998). HTK's is
    ``2595 log10(1 + f / 700)`` (O'Shaughnessy, 1987; Young et al., The HTK Book).

    Args:
        hz: Frequencies in Hz, any shape, from 0 up.
        htk: True for the HTK formula, False for Slaney's.

    Returns:
        Mels, same shape.

    >>> hz_to_mel([0, 500, 1000]).tolist()
    [0.0, 7.5, 15.0]
    >>> round(float(hz_to_mel(1000, htk=True)))
    1000
    """
    hz = np.asarray(hz, dtype=np.float64)
    if htk:
        return np.asarray(2595 * np.log10(1 + hz / 700))
    corner = SLANEY_CORNER_HZ
    bent = corner / SLANEY_HZ_PER_MEL + SLANEY_MELS_PER_E * np.log(np.maximum(hz, corner) / corner)
    return np.where(hz < corner, hz / SLANEY_HZ_PER_MEL, bent)


def bin_frequencies(n_fft: int, sample_rate: int) -> Array:
    """Nominal frequency of each bin of a spectrum, from 0 Hz to half the sample rate.

    Args:
        n_fft: Length of a frame in samples, even.
        sample_rate: Samples per second (Hz).

    Returns:
        Frequencies in Hz, shape (n_fft // 2 + 1,).

    >>> bin_frequencies(8, 16_000).tolist()
    [0.0, 2000.0, 4000.0, 6000.0, 8000.0]
    """
    return np.arange(n_fft // 2 + 1, dtype=np.float64) * (sample_rate / n_fft)


def filter_bands(weights: NDArray[np.floating], sample_rate: int) -> tuple[Array, Array, Array]:
    """Where each mel filter listens: the band that holds the middle half of its weight.

    A quarter of the weight lies below the band and a quarter above; the centre has half on either side. Quartiles are
    used rather than mean and deviation, since a thin skirt of small weights over all bins would pull those far away
    from the peak. Each bin's weight counts as spread evenly over the bin; negative weights count as zero.

    Args:
        weights: Filterbank, shape (n_mels, n_bins); bins run from 0 Hz to half the sample rate.
        sample_rate: Samples per second (Hz).

    Returns:
        Lower end, centre and upper end in Hz, each of shape (n_mels,). NaN marks a filter that went silent or holds
        a NaN.

    Raises:
        ConfigError: If ``weights`` is not a matrix with at least two bins.

    >>> [ends.tolist() for ends in filter_bands(np.array([[0, 1, 1, 1, 1]]), sample_rate=16_000)]
    [[3000.0], [5000.0], [7000.0]]
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.ndim != 2 or weights.shape[1] < 2:
        raise ConfigError(f"Filters have the shape {weights.shape}; they must be a matrix (n_mels, n_bins >= 2).")
    top_hz = sample_rate / 2
    edges_hz = (np.arange(weights.shape[1] + 1) - 0.5) * (top_hz / (weights.shape[1] - 1))
    bands = np.full((3, len(weights)), np.nan)
    for row, heard in enumerate(np.maximum(weights, 0)):
        below = np.concatenate([[0.0], np.cumsum(heard)])
        if np.isfinite(below[-1]) and below[-1] > 0:
            # Only edges where the sum grows: over a stretch of zeros it would not tell where it passes a quartile.
            grows = np.concatenate([[True], np.diff(below) > 0]) | np.concatenate([np.diff(below) > 0, [True]])
            bands[:, row] = _crossings(below[grows], edges_hz[grows], below[-1] * np.array([0.25, 0.5, 0.75]))
    low, centre, high = np.clip(bands, 0, top_hz)
    return low, centre, high


def _crossings(below: Array, edges_hz: Array, levels: Array) -> Array:
    """Frequencies at which a growing sum passes the levels; in the middle of a gap if it rests at one there."""
    left = np.interp(levels, below, edges_hz)
    right = -np.interp(-levels, -below[::-1], -edges_hz[::-1])
    return np.asarray((left + right) / 2)


def filter_centres(weights: NDArray[np.floating], sample_rate: int) -> Array:
    """Frequency with half of a mel filter's weight on either side; see ``filter_bands``.

    Args:
        weights: Filterbank, shape (n_mels, n_bins); bins run from 0 Hz to half the sample rate.
        sample_rate: Samples per second (Hz).

    Returns:
        Centre frequencies in Hz, shape (n_mels,). NaN marks a filter that went silent or holds a NaN.

    >>> filter_centres(np.eye(3, dtype=np.float32), sample_rate=16_000).tolist()
    [0.0, 4000.0, 8000.0]
    """
    return filter_bands(weights, sample_rate)[1]


def kernel_magnitude(kernels: NDArray[np.floating], *, padding: int = 8) -> Array:
    """How strongly each kernel answers a tone, over the tone's frequency.

    This is the magnitude of the kernel's Fourier transform: the largest answer that a tone of amplitude 1 can get by
    choosing its phase (an FIR filter's frequency response; Oppenheim and Schafer, 2010, chapter 5).

    Args:
        kernels: Weights over time, shape (..., n_fft).
        padding: Frequency steps a bin: 8 shows the curve between the bins.

    Returns:
        Magnitudes (no unit) at ``bin_frequencies(padding * n_fft, ...)``, shape (..., padding * n_fft // 2 + 1).

    >>> kernel_magnitude(np.ones(4), padding=1).tolist()
    [4.0, 0.0, 0.0]
    """
    kernels = np.asarray(kernels, dtype=np.float64)
    return np.asarray(np.abs(np.fft.rfft(kernels, n=padding * kernels.shape[-1], axis=-1)))


def decibels(magnitude: NDArray[np.floating], *, reference: float | None = None, floor_db: float = -100.0) -> Array:
    """Magnitudes as ``20 log10(magnitude / reference)``, cut off below.

    Args:
        magnitude: Magnitudes (no unit), any shape, from 0 up.
        reference: Magnitude that counts as 0 dB; None takes the largest one found.
        floor_db: Everything weaker is shown as this (dB).

    Returns:
        Levels in dB, same shape. NaN stays NaN; without a reference above zero everything is at the floor.

    >>> decibels(np.array([1.0, 10.0, 0.0])).tolist()
    [-20.0, 0.0, -100.0]
    """
    magnitude = np.asarray(magnitude, dtype=np.float64)
    if reference is None:
        reference = float(np.max(magnitude, initial=0.0, where=np.isfinite(magnitude)))
    scale = 1 / reference if reference > 0 else 0.0
    return np.asarray(20 * np.log10(np.maximum(magnitude * scale, 10 ** (floor_db / 20))))


def gain_and_shape(initial: NDArray[np.floating], learned: NDArray[np.floating]) -> tuple[Array, Array]:
    """How much louder each filter became, and how much its form changed, told apart.

    The gain is the ratio of Euclidean norms. The shape change is the share of the learned filter's norm that no
    scaling of the initial one explains, ``sqrt(1 - c²)`` with the correlation about zero ``c = a·b / (‖a‖ ‖b‖)``:
    0 for a filter that was only scaled, 1 for one that has nothing in common with its start. For small changes it
    equals the relative distance ``‖a/‖a‖ - b/‖b‖‖``.

    Args:
        initial: Weights before training, shape (..., n); each row is a filter or kernel.
        learned: Weights after training, same shape.

    Returns:
        Gains and shape changes (no unit), each of shape (...). NaN where the initial weights are all zero (neither),
        where the learned ones are (no shape), or where a row holds a NaN.

    Raises:
        ConfigError: If the shapes differ.

    >>> gain, change = gain_and_shape(np.eye(2), np.array([[3.0, 0.0], [1.0, 0.0]]))
    >>> gain.tolist(), change.tolist()
    ([3.0, 1.0], [0.0, 1.0])
    """
    a, b = np.asarray(initial, dtype=np.float64), np.asarray(learned, dtype=np.float64)
    if a.shape != b.shape:
        raise ConfigError(
            f"Initial weights have the shape {a.shape} and learned ones {b.shape}; both must be the same."
        )
    norm_a, norm_b = (np.linalg.norm(side, axis=-1, keepdims=True) for side in (a, b))
    known_a, known_b = np.where(norm_a > 0, norm_a, np.nan), np.where(norm_b > 0, norm_b, np.nan)
    a, b = a / known_a, b / known_b
    # The rest is subtracted before its norm is taken: sqrt(1 - c²) itself would lose half of the digits.
    rest = b - (a * b).sum(axis=-1, keepdims=True) * a
    return np.asarray((norm_b / known_a)[..., 0]), np.asarray(np.linalg.norm(rest, axis=-1))


def most_changed(gain: Array, shape: Array) -> int | None:
    """The filter that training changed most: in shape, or in gain where no shape changed (silent now is the most).

    Args:
        gain: Of each filter, as ``gain_and_shape`` gives it, shape (n,).
        shape: Its change in shape, (n,).

    Returns:
        Its number; None where nothing changed, or nothing is known of any.

    >>> most_changed(np.array([1.0, 9.0]), np.array([0.2, 0.1])), most_changed(np.array([1.0, 0.5]), np.zeros(2))
    (0, 1)
    >>> most_changed(np.ones(2), np.array([0.0, np.nan]))
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.abs(np.log(gain))
    for change in (shape, sizes):
        seen = np.where(np.isnan(change), 0.0, change)
        if seen.max(initial=0.0) >= SEEN_CHANGE:
            return int(seen.argmax())
    return None
