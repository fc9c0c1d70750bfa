"""Is something being said, and where: by energy alone, above a noise floor that follows the room."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.records.arrays import Waveform
from core.sound.levels import QUIETEST_DB, STEP_SAMPLES, BandPowers, seconds, to_db
from core.sound.onsets import Onsets, known_at

LEVEL_STEPS = 3
"""Steps that a level is measured over: 30 ms, a few periods of the lowest voice."""

WINDOW_STEPS = CLIP_SAMPLES // STEP_SAMPLES

SEEN_STEPS = 2 * WINDOW_STEPS
"""Levels in which utterances are looked for: the window, and as much before it."""

HISTORY_STEPS = 500
"""Levels that the noise floor is taken from: 5 s, which hold pauses even while somebody speaks."""

FLOOR_QUANTILE = 0.1

HIGH_PASS_HZ = 150.0
"""Levels are measured above this. Rumble strays far from its mean in 30 ms, and says nothing about words: the loudest
30 ms of a second of pink noise stand out by 2 dB then, instead of 10."""

LOWEST_FLOOR_DB, HIGHEST_FLOOR_DB = -62.0, -25.0
"""Bounds of the noise floor: below, no word is worth hearing; steady noise above counts as sound throughout."""

ABOVE_FLOOR_DB = 3.0
"""How far speech stands out. White and pink noise reach 2 dB; words as loud as the noise, 4 to 7."""

BELOW_LOUDEST_DB = 30.0
"""What lies this far below the loudest sound is an echo or a breath, and no beginning or end of a word."""

AHEAD_SAMPLES = 4 * SAMPLE_RATE
"""Sound of a recording that is filtered at once; onsets are remembered for longer."""

LONGEST_GAP_STEPS = 15
"""A silence up to this long, 150 ms, is part of a word, such as the one before the t of "right"."""


@dataclass(frozen=True)
class Utterance:
    """Sound between two pauses, in seconds since the stream began."""

    start_s: float
    end_s: float
    energy: float
    """Its energy in the last second, in no unit."""
    changed_s: float = math.inf
    """When new sound last set in: its beginning, or a later rise of some of its bands. A sound that is held has none
    but its beginning. Infinity where that is not known."""


@dataclass(frozen=True, eq=False)
class Moment:
    """What is known of a stream at some time: enough to say whether somebody speaks, and where."""

    levels: NDArray[np.float64]
    """The last ``HISTORY_STEPS`` levels (dB), the lowest where there was no stream yet."""
    n_steps: int
    """Levels since the stream began."""
    onsets: NDArray[np.int64]
    """Steps at which new sound set in lately, oldest first."""

    def floor_db(self) -> float:
        """Level of the room while nobody speaks; at first the lowest, so that a word at the beginning is heard."""
        if self.n_steps < WINDOW_STEPS:
            return LOWEST_FLOOR_DB
        heard = self.levels[-self.n_steps :]
        place = int(FLOOR_QUANTILE * len(heard))
        return min(max(float(np.partition(heard, place)[place]), LOWEST_FLOOR_DB), HIGHEST_FLOOR_DB)

    def speaking(self) -> bool:
        """Whether something in the last second stands out enough to be speech."""
        return bool(self.levels[-WINDOW_STEPS:].max() > self.floor_db() + ABOVE_FLOOR_DB)

    def utterances(self) -> list[Utterance]:
        """What stands out in the last two seconds, cut at pauses, oldest first."""
        levels = self.levels[-min(SEEN_STEPS, max(1, self.n_steps)) :]
        first_step = self.n_steps - len(levels)
        loud = np.flatnonzero(levels > max(self.floor_db() + ABOVE_FLOOR_DB, levels.max() - BELOW_LOUDEST_DB))
        if len(loud) == 0:
            return []
        powers = np.where(np.arange(len(levels)) >= len(levels) - WINDOW_STEPS, 10 ** (levels / 10), 0.0)
        # A level belongs to the middle one of its steps.
        middle = LEVEL_STEPS // 2
        return [
            self._utterance(
                first_step + int(run[0]) - middle, first_step + int(run[-1]) - middle + 1, powers[run].sum()
            )
            for run in np.split(loud, np.flatnonzero(np.diff(loud) > LONGEST_GAP_STEPS) + 1)
        ]

    def _utterance(self, start: int, end: int, energy: float) -> Utterance:
        """The sound between two steps."""
        # One that begins where the levels do, or a short gap later, has begun before, unless the stream begins there.
        is_cut = self.n_steps > SEEN_STEPS and start <= self.n_steps - SEEN_STEPS + LONGEST_GAP_STEPS
        begins = [] if is_cut else [seconds(start)]
        changed_s = max([*begins, *(seconds(int(step)) for step in self.onsets[self.onsets < end][-1:])], default=0.0)
        return Utterance(seconds(start), seconds(end), float(energy), changed_s)


class Speech:
    """Follows the level of a stream.

    >>> speech = Speech()
    >>> tone = 0.1 * np.sin(np.arange(8_000) * 0.4)
    >>> _ = speech.hear(np.concatenate([np.zeros(16_000), tone, np.zeros(8_000)]).astype(np.float32))
    >>> [(round(sound.start_s, 1), round(sound.end_s, 1)) for sound in speech.utterances()]
    [(1.0, 1.5)]
    """

    def __init__(self) -> None:
        self._band = BandPowers([butter(1, HIGH_PASS_HZ, "highpass", fs=SAMPLE_RATE, output="sos")])
        self._onsets = Onsets()
        self._powers = np.zeros(LEVEL_STEPS - 1)
        self.now = Moment(np.full(HISTORY_STEPS, QUIETEST_DB), 0, self._onsets.steps)

    def hear(self, samples: Waveform) -> NDArray[np.float64]:
        """More of the stream (16 kHz, -1 to 1, (n,)); gives the levels that it completes, dB."""
        self._onsets.hear(samples)
        powers = np.concatenate([self._powers, self._band.hear(samples)[0]])
        n_new = len(powers) - len(self._powers)
        if n_new == 0:
            return np.zeros(0)
        self._powers = powers[n_new:]
        levels = to_db(np.lib.stride_tricks.sliding_window_view(powers, LEVEL_STEPS).mean(axis=1))
        history = np.concatenate([self.now.levels, levels])[-HISTORY_STEPS:]
        self.now = Moment(history, self.now.n_steps + n_new, self._onsets.steps)
        return levels

    def floor_db(self) -> float:
        """Level of the room while nobody speaks."""
        return self.now.floor_db()

    def speaking(self) -> bool:
        """Whether something in the last second stands out enough to be speech."""
        return self.now.speaking()

    def utterances(self) -> list[Utterance]:
        """What stands out in the last two seconds, cut at pauses, oldest first."""
        return self.now.utterances()


def utterances_along(sound: Waveform, hop_samples: int) -> Iterator[tuple[Utterance, ...]]:
    """What ``Speech`` says of a recording hop by hop: what was said lately, nothing while nobody speaks.

    All filters go over a longer piece at once, which takes a fraction of the time.

    Args:
        sound: 16 kHz, -1 to 1, (n,).
        hop_samples: From one answer to the next; a rest that is shorter gets none.

    Yields:
        The utterances, oldest first, once each hop is heard.
    """
    speech = Speech()
    n_hops = max(1, AHEAD_SAMPLES // hop_samples)
    for first in range(0, len(sound) // hop_samples, n_hops):
        piece = sound[first * hop_samples : min(first + n_hops, len(sound) // hop_samples) * hop_samples]
        before = speech.now
        levels = np.concatenate([before.levels, speech.hear(piece)])
        onsets = np.union1d(before.onsets, speech.now.onsets)
        for hop in range(first + 1, first + len(piece) // hop_samples + 1):
            n_steps = hop * hop_samples // STEP_SAMPLES
            end = HISTORY_STEPS + n_steps - before.n_steps
            moment = Moment(levels[end - HISTORY_STEPS : end], n_steps, known_at(onsets, n_steps))
            yield tuple(moment.utterances()) if moment.speaking() else ()
