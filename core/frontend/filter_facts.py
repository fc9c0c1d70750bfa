"""What became of each mel filter, and of the bank as a whole, in numbers; gain and shape apart. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.frontend.mel_scale import bin_frequencies, filter_bands, gain_and_shape, most_changed
from core.records.arrays import FloatArray
from core.records.filters import Filters, FilterSnapshot

Array = NDArray[np.float64]

View = Literal["learned", "shapes", "gains"]

VIEWS: dict[View, str] = {"learned": "as learned", "shapes": "shapes only", "gains": "gains only"}
"""How learned filters are drawn: as they are, with the loudness of their start, or with the form of their start."""

VIEW_NOTES: dict[View, str] = {
    "learned": "Every filter as training left it.",
    "shapes": "Every learned filter is divided by its gain, so that only its form can differ from the start.",
    "gains": "Every initial filter is multiplied by the gain it got, so that only its loudness can differ.",
}

PEAK_PROMINENCE = 0.1
"""A peak counts if it stands out by this share of the filter's highest weight from the valleys beside it."""

SUPPORT = 1e-3
"""Weights below this share of the highest one do not belong to a filter's band."""

Bands = Literal["octaves", "ears"]

BANDS: dict[Bands, str] = {"octaves": "octaves", "ears": "bands of the ear (3 ERB wide)"}

LOWEST_OCTAVE_HZ = 125.0
EARS_PER_BAND = 3


@dataclass(frozen=True, eq=False)
class BankFacts:
    """Where the filters of one bank listen; every array has a value a filter, NaN for one that hears nothing."""

    low_hz: Array
    centre_hz: Array
    high_hz: Array
    """Quartiles of the weight over frequency: half of it lies from low to high."""
    width_hz: Array
    """Equivalent rectangular bandwidth: of a box as high as the filter and with the same area (Hz)."""
    peak_hz: Array
    """Where the weight is highest."""
    peaks: Array
    """Number of peaks; 1 for a triangle."""
    outside: Array
    """Share of the weight outside the filter's initial band, 0 to 1."""
    overlap_below: Array
    overlap_above: Array
    """How much it has in common with the filter below and above it by number: 0 nothing, 1 the same shape."""


@dataclass(frozen=True, eq=False)
class FilterFacts:
    """Mel filters before and after training."""

    initial: BankFacts
    learned: BankFacts
    gain: Array
    """Norm of the learned filter over that of the initial one."""
    shape: Array
    """Share of the learned filter that no scaling of the initial one explains, 0 to 1 (see ``gain_and_shape``)."""
    ordered: bool
    """Whether the initial filters were single humps in order of pitch, such as mel triangles; random ones are not."""

    @property
    def swapped(self) -> list[tuple[int, int]]:
        """Neighbours whose centres changed places: the upper number now listens lower."""
        return swapped_neighbours(self.learned.centre_hz)

    @property
    def most_changed(self) -> int | None:
        """Number of the filter that changed most, in shape before gain; None where none did."""
        return most_changed(self.gain, self.shape)


def erb_hz(centre_hz: ArrayLike) -> Array:
    """Equivalent rectangular bandwidth of the human ear's filter at a frequency.

    ``24.7 (4.37 f / 1000 + 1)`` for young, healthy ears at moderate levels (Glasberg and Moore, Hearing Research 47,
    1990, equation 3).

    Args:
        centre_hz: Frequencies in Hz, any shape.

    Returns:
        Bandwidths in Hz, same shape.

    >>> round(float(erb_hz(1000)), 1)
    132.6
    """
    return np.asarray(24.7 * (4.37 * np.asarray(centre_hz, dtype=np.float64) / 1000 + 1))


def erb_number(hz: ArrayLike) -> Array:
    """Place on the ear's own scale: how many of its bandwidths lie below a frequency.

    ``21.4 log10(1 + 4.37 f / 1000)`` (Glasberg and Moore, 1990, equation 4).

    Args:
        hz: Frequencies in Hz, any shape.

    Returns:
        Numbers of bandwidths, same shape.

    >>> round(float(erb_number(1000)), 1)
    15.6
    """
    return np.asarray(21.4 * np.log10(1 + 4.37 * np.asarray(hz, dtype=np.float64) / 1000))


def filter_facts(filters: Filters) -> FilterFacts:
    """All that can be said in numbers about each mel filter.

    Args:
        filters: Filters before and after training.

    Returns:
        The facts; nothing in them but ``gain`` depends on how loud a filter is.
    """
    start, now = filters.initial.mel_basis, filters.learned.mel_basis
    gain, shape = gain_and_shape(start, now)
    home = _band(start)
    return FilterFacts(
        initial=bank_facts(start, filters.sample_rate, home),
        learned=bank_facts(now, filters.sample_rate, home),
        gain=gain,
        shape=shape,
        ordered=is_ordered(start, filters.sample_rate),
    )


def bank_facts(weights: NDArray[np.floating], sample_rate: int, home: NDArray[np.bool_] | None = None) -> BankFacts:
    """Where the filters of one bank listen.

    Negative weights, which free training may leave, count as zero.

    Args:
        weights: Filterbank, shape (n_mels, n_bins); bins run from 0 Hz to half the sample rate.
        sample_rate: Samples per second (Hz).
        home: Which bins belong to each filter's initial band, same shape; None takes the filter's own.

    Returns:
        The facts.

    >>> bank_facts(np.eye(5, dtype=np.float32), 16_000).centre_hz.tolist()
    [0.0, 2000.0, 4000.0, 6000.0, 8000.0]
    """
    low, centre, high = filter_bands(weights, sample_rate)
    heard = np.maximum(np.asarray(weights, dtype=np.float64), 0)
    known = np.isfinite(centre)
    total = np.where(known, heard.sum(axis=1), np.nan)
    step_hz = sample_rate / 2 / (heard.shape[1] - 1)
    inside = _band(heard) if home is None else home
    overlap = _overlaps(heard, total)
    return BankFacts(
        low_hz=low,
        centre_hz=centre,
        high_hz=high,
        width_hz=total * step_hz / heard.max(axis=1, initial=0, where=np.isfinite(heard)).clip(1e-30),
        peak_hz=np.where(known, np.nan_to_num(heard).argmax(axis=1) * step_hz, np.nan),
        peaks=np.array([_count_peaks(row) if fine else np.nan for row, fine in zip(heard, known, strict=True)]),
        outside=(heard * ~inside).sum(axis=1) / total,
        overlap_below=np.concatenate([[np.nan], overlap]),
        overlap_above=np.concatenate([overlap, [np.nan]]),
    )


def _band(weights: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which bins belong to each filter: those with a weight worth the name."""
    top = weights.max(axis=1, keepdims=True)
    return np.asarray(weights > SUPPORT * np.maximum(top, 0))


def _overlaps(heard: Array, total: Array) -> Array:
    """Area that neighbours share when both have area 1, (n_mels - 1,)."""
    with np.errstate(invalid="ignore"):
        alike = heard / total[:, None]
    return np.asarray(np.minimum(alike[:-1], alike[1:]).sum(axis=1))


def _count_peaks(row: Array) -> int:
    """Rises of the row that are worth counting, each followed by a fall: a walk that ignores smaller turns."""
    least = PEAK_PROMINENCE * float(row.max())
    peaks, rising, turn = 0, True, 0.0
    for value in [*row.tolist(), 0.0]:
        if (value > turn) == rising:
            turn = value
        elif abs(value - turn) >= least:
            peaks += rising
            rising, turn = not rising, value
    return peaks


def is_ordered(weights: NDArray[np.floating], sample_rate: int) -> bool:
    """Whether a bank is made of single humps in order of pitch, such as mel triangles; empty filters may lie between.

    Args:
        weights: Filterbank, shape (n_mels, n_bins).
        sample_rate: Samples per second (Hz).

    Returns:
        False for a bank that was drawn at random.

    >>> is_ordered(np.eye(5), 16_000), is_ordered(np.eye(5)[::-1], 16_000)
    (True, False)
    """
    facts = bank_facts(weights, sample_rate)
    known = np.isfinite(facts.centre_hz)
    in_order = bool((np.diff(facts.centre_hz[known]) >= 0).all())
    return bool(known.any()) and in_order and bool((facts.peaks[known] == 1).all())


def swapped_neighbours(centre_hz: Array) -> list[tuple[int, int]]:
    """Pairs of neighbouring filters of which the upper one listens lower; silent filters are passed over.

    Args:
        centre_hz: Centres in Hz by number of the filter, NaN for silent ones.

    Returns:
        Numbers of the filters, lower number first.

    >>> swapped_neighbours(np.array([100.0, 300.0, 200.0, np.nan, 150.0]))
    [(1, 2), (2, 4)]
    """
    heard = np.flatnonzero(np.isfinite(centre_hz))
    return [(one, next_one) for one, next_one in pairwise(heard.tolist()) if centre_hz[next_one] < centre_hz[one]]


def band_edges(bands: Bands, sample_rate: int) -> Array:
    """Ends of the frequency bands into which sensitivity is sorted, from 0 Hz to half the sample rate.

    Args:
        bands: Octaves downwards from half the sample rate, or bands of equal width on the ear's scale.
        sample_rate: Samples per second (Hz).

    Returns:
        Edges in Hz, growing.

    >>> band_edges("octaves", 16_000).tolist()
    [0.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0]
    """
    top_hz = sample_rate / 2
    if bands == "octaves":
        n_octaves = max(1, int(np.floor(np.log2(top_hz / LOWEST_OCTAVE_HZ))))
        return np.concatenate([[0.0], top_hz / 2.0 ** np.arange(n_octaves, -1, -1)])
    n_bands = max(1, round(float(erb_number(top_hz)) / EARS_PER_BAND))
    numbers = np.linspace(0, float(erb_number(top_hz)), n_bands + 1)
    return np.asarray((10 ** (numbers / 21.4) - 1) * 1000 / 4.37)


def band_shares(weights: NDArray[np.floating], edges_hz: Array, sample_rate: int) -> Array:
    """Where a whole bank is sensitive: the share of all its weight that lies in each frequency band.

    Each bin's weight counts as spread evenly over the bin; negative weights and numbers that are none count as zero.

    Args:
        weights: Filterbank, shape (n_mels, n_bins).
        edges_hz: Ends of the bands, growing, shape (n_bands + 1,).
        sample_rate: Samples per second (Hz).

    Returns:
        Shares, shape (n_bands,), which add up to 1 if the edges span all frequencies; NaN for a silent bank.

    >>> band_shares(np.ones((2, 5)), np.array([0.0, 4000.0, 8000.0]), 16_000).tolist()
    [0.5, 0.5]
    """
    by_bin = np.nan_to_num(np.maximum(weights, 0).astype(np.float64)).sum(axis=0)
    hz = bin_frequencies(2 * (len(by_bin) - 1), sample_rate)
    half = hz[1] / 2
    ends = np.clip(np.concatenate([hz - half, [hz[-1] + half]]), 0, hz[-1])
    below = np.concatenate([[0.0], np.cumsum(by_bin)])
    if below[-1] <= 0:
        return np.full(len(edges_hz) - 1, np.nan)
    return np.asarray(np.diff(np.interp(edges_hz, ends, below)) / below[-1])


def seen_as(filters: Filters, view: View) -> Filters:
    """The same filters with only one side of the change left in the learned ones: their shape or their gain.

    A kernel's gain is that of its cosine and sine together, so that a change of one against the other stays in the
    shape. Filters without a usable gain (silent, or not numbers) stay as they are.

    Args:
        filters: Filters before and after training.
        view: A key of ``VIEWS``.

    Returns:
        Filters whose initial side is untouched.
    """
    if view == "learned":
        return filters
    return replace(filters, learned=snapshot_seen_as(filters.initial, filters.learned, view))


def snapshot_seen_as(start: FilterSnapshot, now: FilterSnapshot, view: View) -> FilterSnapshot:
    """One moment's filters in a view (see ``seen_as``), measured from ``start``; kernels may be missing."""
    if view == "learned":
        return now
    mel = _one_side(start.mel_basis, now.mel_basis, view)
    cos, sin = now.stft_cos, now.stft_sin
    if cos.size:
        before, after = (np.hstack([each.stft_cos, each.stft_sin]) for each in (start, now))
        cos, sin = np.split(_one_side(before, after, view), 2, axis=1)
    return FilterSnapshot(now.epoch, mel, cos, sin)


def _one_side(initial: FloatArray, learned: FloatArray, view: View) -> FloatArray:
    gain = usable_gain(initial, learned)[:, None]
    broken = ~np.isfinite(learned).all(axis=1, keepdims=True)
    seen = learned / gain if view == "shapes" else np.where(broken, learned, initial * gain)
    return np.asarray(seen, dtype=np.float32)


def usable_gain(initial: NDArray[np.floating], learned: NDArray[np.floating]) -> Array:
    """Gain of each row, or 1 where it has none to divide by."""
    gain = gain_and_shape(initial, learned)[0]
    return np.where(np.isfinite(gain) & (gain > 0), gain, 1.0)
