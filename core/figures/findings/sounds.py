"""What is heard in a sound: where it is loudest, what a model answers, and what learned filters make of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.figures.findings.phrases import hz, sentence, share, word
from core.figures.style import NBSP
from core.records.answers import Prediction, WordsAlong

Array = NDArray[np.float64]

SURE = 0.5
"""Below this probability even the first word is a guess."""

FULL_SCALE = 0.999
HEARD_DB = 0.05
"""A difference of levels below this is none to speak of (dB)."""

DB_PER_NAT = 10 / np.log(10)

LISTED = 3
"""Words that are named one by one."""


def waveform(samples: NDArray[np.floating], sample_rate: int, start_s: float) -> str:
    """When the sound is loudest, and how far that is from full scale."""
    sizes = np.abs(samples[np.isfinite(samples)])
    if not len(samples):
        return "There is no sound to show."
    if len(sizes) < len(samples):
        return "The sound holds values that are not numbers."
    at = int(sizes.argmax())
    if not sizes[at]:
        return "Digital silence: every sample is zero."
    when = f"{start_s + at / sample_rate:.2f}{NBSP}s"
    if sizes[at] >= FULL_SCALE:
        return f"Overdriven: at {when} it reaches full scale, where sound is cut off."
    level = f"{20 * np.log10(sizes[at]):.1f}".replace("-", "−")
    return f"Loudest at {when}: {level}{NBSP}dB of full scale."


def loudest(log_mel: NDArray[np.floating], start_s: float, hop_s: float, centres_hz: Array | None) -> str:
    """When and where a spectrogram is loudest, (n_mels, frames); ``centres_hz`` are those of its bands, if known."""
    finite = np.isfinite(log_mel)
    if not finite.any():
        return "The spectrogram holds nothing that could be shown."
    low, high = float(log_mel[finite].min()), float(log_mel[finite].max())
    if high - low < 1e-6:
        return "The level is the same everywhere: nothing stands out."
    band, frame = np.unravel_index(int(np.where(finite, log_mel, -np.inf).argmax()), log_mel.shape)
    return f"Loudest in {band_name(int(band), centres_hz)} at {start_s + frame * hop_s:.2f}{NBSP}s."


def band_name(band: int, centres_hz: Array | None) -> str:
    """A mel band, with the frequency it is about where that is known."""
    if centres_hz is None or not np.isfinite(centres_hz[band]):
        return f"band {band}"
    return f"band {band} (about {hz(float(centres_hz[band]))})"


def two_spectrograms(
    initial: NDArray[np.floating], learned: NDArray[np.floating], centres_hz: Array | None, *, trained: bool
) -> str:
    """Which band differs most between two natural log-mels of one clip, (n_mels, frames)."""
    if not trained:
        return "Nothing of the spectrogram was trained: both are the same."
    with np.errstate(all="ignore"):
        change = DB_PER_NAT * np.nanmean(np.asarray(learned, float) - np.asarray(initial, float), axis=1)
    if not np.isfinite(change).any() or np.nanmax(np.abs(change)) < HEARD_DB:
        return "The learned filters see this clip as the initial ones do."
    band = int(np.nanargmax(np.abs(change)))
    return sentence(f"{band_name(band, centres_hz)} changed most on this clip: {decibels(change[band])} on average")


def band_gains(gain_db: NDArray[np.floating], centres_hz: Array | None) -> str:
    """Which band became louder most, and which quieter, (n_mels,) in dB."""
    if not np.isfinite(gain_db).any() or np.nanmax(np.abs(gain_db)) < HEARD_DB:
        return "No band became louder or quieter on this clip."
    up, down = int(np.nanargmax(gain_db)), int(np.nanargmin(gain_db))
    parts = []
    if gain_db[up] >= HEARD_DB:
        parts.append(f"{band_name(up, centres_hz)} gained most ({decibels(gain_db[up])})")
    if gain_db[down] <= -HEARD_DB:
        parts.append(f"{band_name(down, centres_hz)} lost most ({decibels(gain_db[down])})")
    return sentence(", ".join(parts))


def beyond_gain(rest_db: NDArray[np.floating], centres_hz: Array | None) -> str:
    """Which band differs most once its gain is taken out, (n_mels, frames) in dB."""
    with np.errstate(all="ignore"):
        sizes = np.abs(np.where(np.isfinite(rest_db), rest_db, 0)).mean(axis=1)
    band = int(sizes.argmax())
    if sizes[band] < HEARD_DB:
        return "Nothing differs on this clip beyond the gain of each band."
    return sentence(
        f"beyond its gain, {band_name(band, centres_hz)} differs most: by {sizes[band]:.1f}{NBSP}dB on average"
    )


def decibels(change: float) -> str:
    """A signed level.

    >>> decibels(-3.04).replace(NBSP, " ")
    '−3.0 dB'
    """
    return f"{change:+.1f}{NBSP}dB".replace("-", "−")


def answer(prediction: Prediction) -> str:
    """The two most probable words for a second of sound."""
    (first, top), *others = prediction.ranking
    head = "Heard" if top >= SURE else "Unsure, at best"
    next_one = f", next {word(others[0][0])} ({share(others[0][1])})" if others else ""
    return f"{head} {word(first)} ({share(top)}){next_one}."


def answers_to_clip(
    labels: Sequence[str], learned: Sequence[float], initial: Sequence[float] | None, truth: str
) -> str:
    """What a model answers to a clip, whether that is right, and what it would be through the initial filters."""
    best = int(np.argmax(learned))
    said = f"{word(labels[best])} ({share(learned[best])})"
    if truth:
        said = f"right: {said}" if labels[best] == truth else f"wrong: {said} instead of {word(truth)}"
    else:
        said = f"heard {said}"
    if initial is None:
        return sentence(said)
    other = int(np.argmax(initial))
    if other != best:
        return sentence(f"{said}; through the initial filters {word(labels[other])} ({share(initial[other])})")
    if max(abs(a - b) for a, b in zip(learned, initial, strict=True)) < SEEN_SHARE:
        return sentence(f"{said}, the same through the initial filters")
    return sentence(f"{said}; through the initial filters {share(initial[best])}")


SEEN_SHARE = 5e-4
"""A difference of probabilities below this is none."""


def words_along(along: WordsAlong) -> str:
    """Which words were detected along a recording; where there is none, which was nearest to it."""
    n = len(along.detections)
    if n:
        counts = Counter(one.word for one in along.detections)
        if n <= LISTED:
            named = ", ".join(f"{word(one.word)} at {one.start_s:.1f}{NBSP}s" for one in along.detections)
        else:
            named = ", ".join(f"{word(name)} × {times}" for name, times in counts.most_common(LISTED))
            named += " …" if len(counts) > LISTED else ""
        return f"{n:,} word{'s' * (n != 1)} detected in {along.seconds:.1f}{NBSP}s: {named}."
    keywords = [at for at, label in enumerate(along.labels) if not label.startswith("_")]
    nearest = along.probabilities[:, keywords] if len(along.probabilities) else np.zeros((0, 1))
    if not nearest.size or nearest.max() < SEEN_SHARE:
        return f"No word was detected in {along.seconds:.1f}{NBSP}s, nor anything like one."
    at, which = np.unravel_index(int(nearest.argmax()), nearest.shape)
    label = along.labels[keywords[int(which)]]
    return f"No word was detected; nearest was {word(label)} ({share(float(nearest[at, which]))})."
