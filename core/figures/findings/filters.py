"""What became of filters: which one changed, moved or widened most, and whether any did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.figures.describe import Part, percent, rows, untrained
from core.figures.findings.phrases import hz, sentence
from core.frontend.filter_facts import FilterFacts
from core.frontend.mel_scale import bin_frequencies, gain_and_shape, hz_to_mel, most_changed
from core.records.filters import PCEN_START, Filters, PcenBands

Array = NDArray[np.float64]

SEEN = 5e-4
"""A change below this share of a filter is none to speak of."""

MOVED_HZ = 0.5
"""A centre that moved by less stayed where it was."""

NOTHING_LEFT = "Nothing can be compared: every filter is silent or holds values that are not numbers."
EQUAL = "Nothing changed: learned equals initial."


def filter_name(filters: Filters, part: Part, number: int) -> str:
    """A mel filter or a frequency bin, inside a sentence."""
    if part == "mel":
        return f"filter {number}"
    return f"bin {number} ({hz(number * filters.sample_rate / filters.n_fft)})"


def bank(filters: Filters, part: Part, chosen: int | None = None) -> str:
    """Which filter changed most; with ``chosen`` also what became of that one."""
    if calm := untrained(filters, part):
        return calm
    gain, shape = gain_and_shape(*rows(filters, part))
    most = _most(shape)
    if chosen is None or chosen == most:
        return _changed_most(gain, shape, lambda number: filter_name(filters, part, number))
    own = one(filters, part, chosen)
    if most is None or shape[most] < SEEN:
        return own
    return f"{own[:-1]}; {filter_name(filters, part, most)} changed most ({percent(shape[most])})."


def one(filters: Filters, part: Part, number: int) -> str:
    """What became of one filter, gain and change in shape, and whether it changed most."""
    name, (before, after) = filter_name(filters, part, number), rows(filters, part)
    initial, learned = before[number], after[number]
    if not np.isfinite(learned).all():
        return sentence(f"{name}: its learned weights hold values that are not numbers")
    if np.array_equal(initial, learned):
        return sentence(f"{name}: {'' if trains(filters, part) else 'not trained, '}learned equals initial")
    if not learned.any():
        return sentence(f"{name} went silent: all its learned weights are zero")
    gain, shape = gain_and_shape(initial, learned)
    if not np.isfinite(gain):
        return sentence(f"{name}: its initial weights are all zero")
    first = " changed most" if most_changed(*gain_and_shape(before, after)) == number else ""
    return sentence(f"{name}{first}: gain × {float(gain):.3g}, shape change {percent(float(shape))}")


def trains(filters: Filters, part: Part) -> bool:
    """Whether that part of the front end was trained."""
    return filters.trains_mel if part == "mel" else filters.trains_stft


def gains_and_shapes(gain: Array, shape: Array, names: Sequence[str]) -> str:
    """Which filter's gain and which one's shape changed most, (n,) each."""
    most = _most(shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.abs(np.log(gain))
    loud = _most(np.where(np.isfinite(sizes), sizes, np.nan))
    if most is None or loud is None:
        return NOTHING_LEFT
    if max(sizes[loud], shape[most]) < SEEN:
        return EQUAL
    if shape[most] < SEEN:
        return sentence(f"only gain changed, most in {names[loud]}: × {gain[loud]:.3g}")
    return sentence(
        f"gain changed most in {names[loud]}, × {gain[loud]:.3g}; shape in {names[most]}, {percent(shape[most])}"
    )


def spans(facts: FilterFacts) -> str:
    """Which filter's centre moved furthest, by pitch, and how many neighbours changed places."""
    before, after = facts.initial.centre_hz, facts.learned.centre_hz
    # No pitch is known of a silent filter.
    moved = np.abs(hz_to_mel(after) - hz_to_mel(before))
    most = _most(moved)
    if most is None:
        return NOTHING_LEFT
    if np.nanmax(np.abs(after - before)) < MOVED_HZ:
        return "No filter moved: all listen where they began."
    said = f"filter {most} moved furthest: from {before[most]:,.0f} to {hz(after[most])}"
    n = len(facts.swapped) if facts.ordered else 0
    return sentence(f"{said}; {n} pair{'s' * (n != 1)} of neighbours changed places" if n else said)


def widths(facts: FilterFacts) -> str:
    """Which filter became wider or narrower most."""
    before, after = facts.initial.width_hz, facts.learned.width_hz
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((before > 0) & (after > 0), after / before, np.nan)
    most = _most(np.abs(np.log(ratio)))
    if most is None:
        return NOTHING_LEFT
    if abs(ratio[most] - 1) < 10 * SEEN:
        return "No filter became wider or narrower."
    way = "widened" if ratio[most] > 1 else "narrowed"
    return sentence(
        f"filter {most} {way} most: from {before[most]:,.0f} to {hz(after[most])} "
        f"(median width × {float(np.nanmedian(ratio)):.2g})"
    )


def bands(initial: Array, learned: Array, edges_hz: Array) -> str:
    """How much of a bank's weight moved, to where and from where; shares of the weight by band, (n_bands,) each."""
    change = learned - initial
    if not np.isfinite(change).all():
        return "One of the banks is silent."
    if np.abs(change).max() < SEEN:
        return "Nothing moved from one band to another."
    names = [f"{low:,.0f}–{hz(high)}" for low, high in pairwise(edges_hz)]
    up, down = int(change.argmax()), int(change.argmin())
    return (
        f"{percent(float(np.abs(change).sum() / 2))} of the weight moved to other bands: most was won at {names[up]}, "
        f"most was lost at {names[down]}."
    )


def over_epochs(epochs: Sequence[int], shapes: Sequence[float], what: str) -> str:
    """How far shapes changed until the last kept epoch, and by when half of it had happened."""
    known = [(epoch, shape) for epoch, shape in zip(epochs, shapes, strict=True) if np.isfinite(shape)]
    if not known:
        return NOTHING_LEFT
    last, end = known[-1]
    if end < SEEN:
        return "Nothing changed in shape in the epochs that were kept."
    half = next(epoch for epoch, shape in known if shape >= end / 2)
    by_half = f", half of it by epoch {half}" if half < last else ""
    return sentence(f"{what} changed by {percent(end)} until epoch {last}{by_half}")


def several(filters: Mapping[str, Filters], part: Part) -> str:
    """Which model's filters changed most, and which filter that is."""
    changes = {name: gain_and_shape(*rows(one, part))[1] for name, one in filters.items()}
    tops = {name: (shape[at], at) for name, shape in changes.items() if (at := _most(shape)) is not None}
    if not tops:
        return NOTHING_LEFT
    name, (top, at) = max(tops.items(), key=lambda item: item[1][0])
    if top < SEEN:
        return "None of these models has filters of another shape than the initial ones."
    return f"{name} changed most: {filter_name(filters[name], part, at)}, its shape by {percent(top)}."


def one_of_several(filters: Mapping[str, Filters], part: Part, number: int) -> str:
    """In which model one filter changed most."""
    changes: dict[str, tuple[float, float]] = {}
    for name, each in filters.items():
        before, after = rows(each, part)
        if number < len(before):
            gain, shape = (float(value) for value in gain_and_shape(before[number], after[number]))
            if np.isfinite(shape):
                changes[name] = (shape, gain)
    if not changes:
        return NOTHING_LEFT
    name, (shape, gain) = max(changes.items(), key=lambda item: item[1][0])
    filter_ = filter_name(filters[name], part, number)
    if shape < SEEN:
        return sentence(f"{filter_} has its initial shape in every model")
    return sentence(f"{filter_} changed most in {name}: gain × {gain:.3g}, shape change {percent(shape)}")


def peak(name: str, at_hz: Array, initial: Array, learned: Array) -> str:
    """To which tone a filter answers most, before and after training; answers over frequency, (n,) each."""
    if not np.isfinite(learned).all():
        return sentence(f"{name}: its learned weights hold values that are not numbers")
    if not learned.any():
        return sentence(f"{name} went silent: it answers to no tone")
    after = float(at_hz[learned.argmax()])
    if np.array_equal(initial, learned):
        return sentence(f"{name} answers most to {hz(after)}: learned equals initial")
    if not np.isfinite(initial).all() or not initial.any():
        return sentence(f"{name} answers most to {hz(after)}")
    before = float(at_hz[initial.argmax()])
    if abs(after - before) < MOVED_HZ:
        return sentence(f"{name} answers most to {hz(after)}, as before training")
    return sentence(f"{name} answers most to {hz(after)}, before training to {hz(before)}")


def largest_difference(filters: Filters, difference_db: Array) -> str:
    """The bin and tone whose answer changed most, (n_bins, n_tones) in dB."""
    if calm := untrained(filters, "stft"):
        return calm
    sizes = np.where(np.isfinite(difference_db), np.abs(difference_db), -1.0)
    bin_, tone = np.unravel_index(int(sizes.argmax()), sizes.shape)
    if sizes[bin_, tone] < 0.05:
        return "No answer changed by a tenth of a decibel." if sizes.max() >= 0 else NOTHING_LEFT
    at = bin_frequencies(filters.n_fft, filters.sample_rate)[tone]
    change = f"{difference_db[bin_, tone]:+.1f} dB".replace("-", "−")
    return sentence(f"largest difference: {filter_name(filters, 'stft', int(bin_))} for a tone of {hz(at)}, {change}")


def silenced(bins: int, n_bins: int, mels: int, n_mels: int) -> str:
    """What is chosen to be silenced."""
    if not bins and not mels:
        return "Nothing is chosen yet: the model hears everything."
    return f"Silenced, in orange: {bins} of {n_bins} STFT bins, {mels} of {n_mels} mel filters."


def _changed_most(gain: Array, shape: Array, name: Callable[[int], str]) -> str:
    most = _most(shape)
    if most is None:
        return NOTHING_LEFT
    if shape[most] >= SEEN:
        median = percent(float(np.nanmedian(shape)))
        return sentence(f"{name(most)} changed most: its shape by {percent(shape[most])} (median {median})")
    return gains_and_shapes(gain, shape, [name(number) for number in range(len(gain))])


def _most(values: Array) -> int | None:
    """Number of the largest finite value; None where there is none."""
    return int(np.nanargmax(values)) if np.isfinite(values).any() else None


def pcen(learned: PcenBands, hop_ms: float) -> str:
    """How long levels are remembered now, and which number moved farthest as a share of what it was."""
    n_mels = len(learned.gain)
    start = PcenBands.at_start(n_mels)
    moved = {name: np.abs(getattr(learned, name) / getattr(start, name) - 1) for name in PCEN_START}
    most = max(moved, key=lambda name: float(moved[name].max()))
    if float(moved[most].max()) < SEEN:
        return "Nothing changed: every band has the published numbers."
    now, before = learned.time_constant_ms(hop_ms), float(start.time_constant_ms(hop_ms)[0])
    band = int(moved[most].argmax())
    value, was = float(getattr(learned, most)[band]), PCEN_START[most]
    return (
        f"Levels last {now.min():.0f} to {now.max():.0f} ms ({before:.0f} at the start); most changed: {most} of band "
        f"{band}, {value:.3g} instead of {was:g}."
    )
