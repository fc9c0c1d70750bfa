"""Is something being said, and where: by energy alone, above a noise floor that follows the room."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.records.arrays import Waveform
from core.sound.levels import QUIETEST_DB, STEP_SAMPLES, BandPowers, seconds, to_db
from core.sound.onsets import Onsets

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


class Speech:
    """Follows the level of a stream.

    >>> speech = Speech()
    >>> tone = 0.1 * np.sin(np.arange(8_000) * 0.4)
    >>> speech.hear(np.concatenate([np.zeros(16_000), tone, np.zeros(8_000)]).astype(np.float32))
    >>> [(round(sound.start_s, 1), round(sound.end_s, 1)) for sound in speech.utterances()]
    [(1.0, 1.5)]
    """

    def __init__(self) -> None:
        self._band = BandPowers([butter(1, HIGH_PASS_HZ, "highpass", fs=SAMPLE_RATE, output="sos")])
        self._onsets = Onsets()
        self._powers = np.zeros(LEVEL_STEPS - 1)
        self._levels = np.full(HISTORY_STEPS, QUIETEST_DB)
        self._n_steps = 0

    def hear(self, samples: Waveform) -> None:
        """More of the stream (16 kHz, -1 to 1, (n,))."""
        self._onsets.hear(samples)
        powers = np.concatenate([self._powers, self._band.hear(samples)[0]])
        n_new = len(powers) - len(self._powers)
        if n_new == 0:
            return
        self._powers = powers[n_new:]
        self._n_steps += n_new
        levels = to_db(np.lib.stride_tricks.sliding_window_view(powers, LEVEL_STEPS).mean(axis=1))
        self._levels = np.concatenate([self._levels, levels])[-HISTORY_STEPS:]

    def floor_db(self) -> float:
        """Level of the room while nobody speaks; at first the lowest, so that a word at the beginning is heard."""
        if self._n_steps < WINDOW_STEPS:
            return LOWEST_FLOOR_DB
        heard = self._levels[-self._n_steps :]
        place = int(FLOOR_QUANTILE * len(heard))
        return float(np.clip(np.partition(heard, place)[place], LOWEST_FLOOR_DB, HIGHEST_FLOOR_DB))

    def speaking(self) -> bool:
        """Whether something in the last second stands out enough to be speech."""
        return bool(self._levels[-WINDOW_STEPS:].max() > self.floor_db() + ABOVE_FLOOR_DB)

    def utterances(self) -> list[Utterance]:
        """What stands out in the last two seconds, cut at pauses, oldest first."""
        levels = self._levels[-min(SEEN_STEPS, max(1, self._n_steps)) :]
        first_step = self._n_steps - len(levels)
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
        onsets = self._onsets.steps
        # One that begins where the levels do, or a short gap later, has begun before, unless the stream begins there.
        is_cut = self._n_steps > SEEN_STEPS and start <= self._n_steps - SEEN_STEPS + LONGEST_GAP_STEPS
        begins = [] if is_cut else [seconds(start)]
        changed_s = max([*begins, *(seconds(int(step)) for step in onsets[onsets < end][-1:])], default=0.0)
        return Utterance(seconds(start), seconds(end), float(energy), changed_s)
