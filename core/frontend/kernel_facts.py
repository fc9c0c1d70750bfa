"""What became of each STFT kernel pair, in numbers: where it listens, how sharply, and whether it is still a pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.frontend.mel_scale import bin_frequencies, gain_and_shape, kernel_magnitude, most_changed
from core.records.filters import Filters, FilterSnapshot

Array = NDArray[np.float64]

PADDING = 8
"""Frequency steps a bin in which responses are measured."""

HALF_POWER = 0.5
"""-3 dB."""

WEAKEST_PARTNER = 0.01
"""A sine (or cosine) weaker than this share of the other is none: the first and the last bin have no sine."""


@dataclass(frozen=True, eq=False)
class PairFacts:
    """The kernels of one moment; every array has a value a bin, NaN where it has none."""

    peak_hz: Array
    """The tone it answers most."""
    width_hz: Array
    """Width of the main lobe 3 dB below its peak (Hz)."""
    leakage: Array
    """Share of the answer to all tones together (white noise) that comes from outside the main lobe, 0 to 1."""
    angle_deg: Array
    """By how much the angle between cosine and sine at the peak misses the 90 degrees that make them a pair."""
    balance_db: Array
    """How much stronger the cosine is than the sine at the peak (dB); 0 for a pair."""


@dataclass(frozen=True, eq=False)
class KernelFacts:
    """STFT kernels before and after training."""

    initial: PairFacts
    learned: PairFacts
    gain: Array
    """Norm of the learned pair over that of the initial one."""
    shape: Array
    """Share of the learned pair that no scaling of the initial one explains, 0 to 1 (see ``gain_and_shape``)."""
    in_order: bool
    """Whether the initial kernels were tuned to their bins' frequencies, as Fourier kernels are and random ones not."""

    @property
    def most_changed(self) -> int | None:
        """Number of the bin that changed most, in shape before gain; None where none did."""
        return most_changed(self.gain, self.shape)

    def ranking(self, by: str) -> NDArray[np.int64]:
        """Bins in order of change, most first; those without a number come last.

        Args:
            by: "shape" for the change in form, "gain" for the change in loudness, louder and quieter alike.
        """
        with np.errstate(divide="ignore"):
            change = self.shape if by == "shape" else np.abs(np.log(self.gain))
        return np.argsort(np.where(np.isnan(change), -np.inf, change), kind="stable")[::-1].astype(np.int64)


def pair_power(cosine: NDArray[np.floating], sine: NDArray[np.floating], padding: int = PADDING) -> Array:
    """Power that a tone of amplitude 1 leaves in each bin of a spectrogram, averaged over the tone's phase.

    For a perfect pair this is the response of the complex kernel ``cos - i sin``; an imperfect one also answers to the
    mirrored frequency, which a real tone holds as well, so both belong to what it hears.

    Args:
        cosine: Cosine kernels, shape (..., n_fft).
        sine: Sine kernels, same shape.
        padding: Frequency steps a bin.

    Returns:
        Power (no unit) at ``bin_frequencies(padding * n_fft, ...)``, shape (..., padding * n_fft // 2 + 1).

    >>> pair_power(np.ones(4), np.zeros(4), padding=1).tolist()
    [8.0, 0.0, 0.0]
    """
    return np.asarray(sum(kernel_magnitude(each, padding=padding) ** 2 for each in (cosine, sine)) / 2)


def kernel_facts(filters: Filters) -> KernelFacts:
    """All that can be said in numbers about each pair of kernels."""
    start, now = filters.initial, filters.learned
    gain, shape = gain_and_shape(joined(start), joined(now))
    before = pair_facts(start.stft_cos, start.stft_sin, filters.sample_rate)
    bin_hz = filters.sample_rate / filters.n_fft
    off = np.abs(before.peak_hz - bin_hz * np.arange(len(before.peak_hz)))
    return KernelFacts(
        initial=before,
        learned=pair_facts(now.stft_cos, now.stft_sin, filters.sample_rate),
        gain=gain,
        shape=shape,
        in_order=bool(np.mean(off <= 2 * bin_hz) > 0.9),
    )


def joined(snapshot: FilterSnapshot) -> NDArray[np.float32]:
    """Cosine and sine of each bin as one row, (n_bins, 2 n_fft): what gain and shape of a pair are measured on."""
    return np.hstack([snapshot.stft_cos, snapshot.stft_sin])


def pair_facts(cosine: NDArray[np.floating], sine: NDArray[np.floating], sample_rate: int) -> PairFacts:
    """Where each pair of kernels listens, how sharply, and whether its two kernels still are a quarter turn apart.

    Args:
        cosine: Cosine kernels, shape (n_bins, n_fft).
        sine: Sine kernels, same shape.
        sample_rate: Samples per second (Hz).

    Returns:
        The facts. Without a sine, as in the first and the last bin, there is no angle.
    """
    n_fft = cosine.shape[-1]
    power = pair_power(cosine, sine)
    hz = bin_frequencies(PADDING * n_fft, sample_rate)
    rows = [_lobe(row) if np.isfinite(row).all() and row.max() > 0 else (np.nan,) * 3 for row in power]
    peak, width, leakage = np.array(rows, dtype=np.float64).T
    angle, balance = _quadrature(cosine, sine, peak / PADDING)
    return PairFacts(peak * hz[1], width * hz[1], leakage, angle, balance)


def _lobe(power: Array) -> tuple[float, float, float]:
    """Position of the peak and width at half power (in steps), and share of the power outside the main lobe."""
    top = int(power.argmax())
    left, right = _fall(power[top::-1]), _fall(power[top:])
    # The spectrum goes on, mirrored, beyond 0 Hz and half the sample rate; a step there belongs to both sides.
    weight = np.ones(len(power))
    weight[[0, -1]] = 0.5
    lobe = slice(top - left[1], top + right[1] + 1)
    inside = float((power * weight)[lobe].sum())
    return float(top), left[0] + right[0], 1 - inside / float((power * weight).sum())


def _fall(power: Array) -> tuple[float, int]:
    """Steps from a peak down to half of it, and to the first valley; the end of the axis where there is none."""
    rising = np.flatnonzero(np.diff(power) > 0)
    valley = int(rising[0]) if rising.size else len(power) - 1
    below = np.flatnonzero(power < HALF_POWER * power[0])
    if not below.size:
        return float(len(power) - 1), valley
    at = int(below[0])
    # Between two steps the loss in dB grows with the square of the distance, as on any smooth peak.
    upper, lower = np.log(power[at - 1] / power[0]), np.log(max(power[at], 1e-300) / power[0])
    share = (upper - np.log(HALF_POWER)) / (upper - lower)
    return float(np.sqrt((1 - share) * (at - 1) ** 2 + share * at**2)), valley


def _quadrature(cosine: NDArray[np.floating], sine: NDArray[np.floating], peak_bin: Array) -> tuple[Array, Array]:
    """Missing angle (degrees) and level of the cosine against the sine (dB), at the whole bin next to each peak."""
    n_fft = cosine.shape[-1]
    at = np.nan_to_num(np.rint(peak_bin)).astype(np.int64)
    turns = np.exp(-2j * np.pi * np.outer(at, np.arange(n_fft)) / n_fft)
    c, s = (np.einsum("kn,kn->k", np.nan_to_num(each), turns) for each in (cosine, sine))
    weaker, stronger = np.minimum(abs(c), abs(s)), np.maximum(abs(c), abs(s))
    usable = np.isfinite(peak_bin) & (weaker > WEAKEST_PARTNER * stronger)
    angle, balance = np.full((2, len(at)), np.nan)
    ratio = c[usable] / s[usable]
    angle[usable], balance[usable] = np.degrees(np.angle(1j / ratio)), 20 * np.log10(abs(ratio))
    return angle, balance
