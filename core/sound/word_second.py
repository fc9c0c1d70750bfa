"""Which second of a recording is heard: the one with its word, whatever clicks, thumps or rumbles beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import percentile_filter
from scipy.signal import butter

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.records.arrays import Waveform
from core.sound.levels import STEP_SAMPLES, BandPowers, to_db
from core.sound.speech import (
    ABOVE_FLOOR_DB,
    BELOW_LOUDEST_DB,
    FLOOR_QUANTILE,
    HIGHEST_FLOOR_DB,
    HISTORY_STEPS,
    LEVEL_STEPS,
    LONGEST_GAP_STEPS,
    LOWEST_FLOOR_DB,
    WINDOW_STEPS,
)

VOICE_HZ = (200.0, 4000.0)
"""Where words have their energy. Below lie thumps, handling noise, breath on a microphone and the hum of the mains."""

SHORTEST_STEPS = 10
"""Sound must stay within ``CORE_DB`` of its loudest for 100 ms: vowels do; clicks, pops and strokes of keys do not. (A
click of no length fills 30 ms, since levels are measured over as much.)"""

CORE_DB = 20.0

SMALLEST_GAP_STEPS = 4
"""A dip up to this long, 40 ms, is none: levels of a voice in noise flicker."""

LOUDNESS = 0.3
"""Perceived loudness grows with this power of the energy (Stevens, 1955): what is short has to be very loud."""

MOST_SECONDS = 8
"""Seconds that are looked at of one recording."""

BLOCK_SAMPLES = 10 * SAMPLE_RATE
"""Samples filtered at once, so that memory does not grow with the recording."""


def word_second(waveform: Waveform) -> tuple[Waveform, int]:
    """The second that most likely holds a word, and the sample it begins at; a shorter clip is padded at the end.

    >>> clip, start = word_second(np.ones(10, np.float32))
    >>> len(clip), start
    (16000, 0)
    """
    start = word_seconds(waveform)[0]
    return second_at(waveform, start), start


def second_at(waveform: Waveform, start: int) -> Waveform:
    """The second that begins at a sample, (16000,), filled up with silence where the waveform ends."""
    clip = waveform[start : start + CLIP_SAMPLES]
    return np.pad(clip, (0, CLIP_SAMPLES - len(clip)))


def word_seconds(waveform: Waveform) -> list[int]:
    """Where the seconds that may hold a word begin, likeliest first; one at least, at most ``MOST_SECONDS``.

    As in the stream, sound is what stands out of the room by a few dB, cut at pauses. Here only the band of the voice
    counts, and what is too short for a vowel is left out. The loudest goes first, by how loud it sounds and how long,
    and stands in the middle of its second. Where nothing stands out, the loudest second is taken.

    Args:
        waveform: 16 kHz, -1 to 1, (n,).

    Returns:
        Samples, each from 0 to n - 16,000; 0 for a clip of up to a second.
    """
    last = len(waveform) - CLIP_SAMPLES
    if last <= 0:
        return [0]
    spans, loudness = _sounds(waveform)
    spans.sort(key=lambda span: loudness[span[0]] - loudness[span[1]])
    # Of two words in one second the louder one has it in the middle.
    return list(dict.fromkeys(_start(span, loudness, last) for span in spans[:MOST_SECONDS]))


def utterance_seconds(waveform: Waveform) -> list[int]:
    """Where the second around each utterance begins, first to last; one at least, however quiet the recording.

    Of two utterances that begin within half a second of each other one second is taken.

    Args:
        waveform: 16 kHz, -1 to 1, (n,).

    Returns:
        Samples, each from 0 to n - 16,000; 0 for a clip of up to a second.
    """
    last = len(waveform) - CLIP_SAMPLES
    if last <= 0:
        return [0]
    spans, loudness = _sounds(waveform)
    starts: list[int] = []
    for span in spans:
        start = _start(span, loudness, last)
        if not starts or start - starts[-1] >= CLIP_SAMPLES // 2:
            starts.append(start)
    return starts


def _sounds(waveform: Waveform) -> tuple[list[tuple[int, int]], NDArray[np.float64]]:
    """First step and end of each sound, or of all where none stands out; and how loud all before each step is."""
    powers = _voice_powers(waveform)
    loudness = np.concatenate([[0.0], np.cumsum(powers**LOUDNESS)])
    return _utterances(powers) or [(0, len(powers))], loudness


def _start(span: tuple[int, int], loudness: NDArray[np.float64], last: int) -> int:
    """Sample at which the second around a sound begins, from 0 to ``last``."""
    return min(max(0, round(_around(*span, loudness) * STEP_SAMPLES)), last)


def _voice_powers(waveform: Waveform) -> NDArray[np.float64]:
    """Mean square in the band of the voice, every 10 ms."""
    band = BandPowers([butter(4, VOICE_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")])
    blocks = range(0, len(waveform), BLOCK_SAMPLES)
    return np.concatenate([band.hear(waveform[first : first + BLOCK_SAMPLES])[0] for first in blocks])


def _utterances(powers: NDArray[np.float64]) -> list[tuple[int, int]]:
    """First step and end of each sound that is long enough for a word."""
    levels = to_db(np.convolve(powers, np.full(LEVEL_STEPS, 1 / LEVEL_STEPS), "same"))
    floor = percentile_filter(levels, 100 * FLOOR_QUANTILE, size=HISTORY_STEPS, mode="nearest")
    loud = np.flatnonzero(levels > floor.clip(LOWEST_FLOOR_DB, HIGHEST_FLOOR_DB) + ABOVE_FLOOR_DB)
    held = []
    for run in _cut(loud, SMALLEST_GAP_STEPS):
        depth = levels[run].max() - levels[run]
        if np.count_nonzero(depth < CORE_DB) >= SHORTEST_STEPS:
            held.append(run[depth < BELOW_LOUDEST_DB])
    joined = _cut(np.concatenate([np.zeros(0, np.int64), *held]), LONGEST_GAP_STEPS)
    return [(int(run[0]), int(run[-1]) + 1) for run in joined]


def _cut(steps: NDArray[np.int64], longest_gap: int) -> list[NDArray[np.int64]]:
    """Rising numbers, cut where more than ``longest_gap`` are missing."""
    return [run for run in np.split(steps, np.flatnonzero(np.diff(steps) > longest_gap) + 1) if len(run)]


def _around(first: int, end: int, loudness: NDArray[np.float64]) -> float:
    """Step at which the second around a sound begins: with the sound in its middle, or with the loudest part of it."""
    if end - first <= WINDOW_STEPS:
        return (first + end - WINDOW_STEPS) / 2
    within = loudness[first : end + 1]
    return first + int(np.argmax(within[WINDOW_STEPS:] - within[:-WINDOW_STEPS]))
