"""From answers to words: averaged, held against thresholds, and each utterance counted once."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from core.config import CLIP_SAMPLES, SAMPLE_RATE, SILENCE_LABEL, TWELVE, ListeningConfig, Vocabulary
from core.records.answers import Detection
from core.records.arrays import FloatArray
from core.sound.speech import Utterance

WINDOW_S = CLIP_SAMPLES / SAMPLE_RATE
"""Seconds of sound that an answer is about."""

FALLEN = 0.5
"""A word has fallen when its averaged probability is below this share of its threshold."""

REST_S = 0.3
"""Sound that goes on after a detection belongs to the detected word for this long: words are often known early."""

LATE_S = 0.15
"""A word is known up to this long after it ended, so sound may have set in that much earlier and still be another."""

SHORTEST_S = 0.1
"""Sound shorter than this is no word."""

GONE = 0.5
"""Share of a detected utterance that must have left the window before the same word counts again."""


def silence(vocabulary: Vocabulary) -> FloatArray:
    """The answer while nothing is said, (n_labels,): all on ``_silence_``, or on nothing where that has no label."""
    return np.array([label == SILENCE_LABEL for label in vocabulary.labels], np.float32)


class Detector:
    """Turns the answers along one stream into detections.

    A word stays in the window for a second, so it keeps its high probability long after it was detected, and without
    interruption if it is said again. Probabilities alone cannot tell the two apart. So each detection accounts for
    the utterance it was made in, and another one needs sound that is not accounted for yet. The same word needs more:
    its probability has fallen meanwhile, or a new utterance has begun and half of the old one has left the window.

    Args:
        config: Thresholds, and how long to average and wait; may be replaced at any time.
        vocabulary: What the answers are about.
    """

    def __init__(self, config: ListeningConfig, vocabulary: Vocabulary = TWELVE) -> None:
        self.config = config
        self._labels, self._words = vocabulary.labels, frozenset(vocabulary.words)
        self._silence = silence(vocabulary)
        self._silence.setflags(write=False)
        self._answers: deque[tuple[float, FloatArray]] = deque()
        self._best = ""
        self._count = 0
        self._last: Detection | None = None
        self._armed = True

    def update(
        self, end_s: float, probabilities: FloatArray, utterances: Sequence[Utterance]
    ) -> tuple[FloatArray, Detection | None]:
        """Hear the next answer.

        Args:
            end_s: End of its second of sound, in seconds since the stream began.
            probabilities: The answer, (n_labels,).
            utterances: What was said lately, oldest first; empty while nothing is said.

        Returns:
            The averaged answer, (n_labels,), and the word that is detected now, if there is one.
        """
        if not utterances:
            self._begin_anew()
            self._armed = True
            return self._silence, None
        fresh = self._fresh(utterances, end_s)
        if self._said_again(utterances, end_s):
            self._begin_anew()
            self._armed = True
        smoothed = self._average(end_s, probabilities)
        best = self._labels[int(smoothed.argmax())]
        score = float(smoothed.max())
        last = self._last.word if self._last else ""
        if last and smoothed[self._labels.index(last)] < FALLEN * self.config.threshold_of(last):
            self._armed = True
        if best not in self._words or score < self.config.threshold_of(best):
            self._best, self._count = "", 0
            return smoothed, None
        self._count = self._count + 1 if best == self._best else 1
        self._best = best
        if self._count < self.config.minimum_count or not fresh or not self._may_fire(best, end_s):
            return smoothed, None
        sound = max(fresh, key=lambda utterance: utterance.energy)
        self._last = Detection(best, score, sound.start_s, min(sound.end_s, end_s), end_s)
        self._armed = False
        return smoothed, self._last

    def _begin_anew(self) -> None:
        self._answers.clear()
        self._best, self._count = "", 0

    def _average(self, end_s: float, probabilities: FloatArray) -> FloatArray:
        self._answers.append((end_s, probabilities))
        # A hundredth of a millisecond for rounding.
        while self._answers[0][0] < end_s - self.config.average_s + 1e-5 and len(self._answers) > 1:
            self._answers.popleft()
        average: FloatArray = np.mean([answer for _, answer in self._answers], axis=0, dtype=np.float32)
        return average

    def _may_fire(self, word: str, end_s: float) -> bool:
        if self._last is None:
            return True
        rested = end_s - self._last.heard_s >= self.config.refractory_s - 1e-5
        return rested and (self._armed or word != self._last.word)

    def _accounted_s(self, utterances: Sequence[Utterance]) -> float:
        """Where the sound that belongs to the last detection ends."""
        if self._last is None:
            return 0.0
        ends = [u.end_s for u in utterances if u.start_s < self._last.end_s]
        return min(max(ends, default=self._last.end_s), self._last.heard_s + REST_S)

    def _fresh(self, utterances: Sequence[Utterance], end_s: float) -> list[Utterance]:
        """The sounds in the window that belong to no detection yet, and are long enough for a word."""
        begin = max(self._accounted_s(utterances), end_s - WINDOW_S)
        cut = [Utterance(max(u.start_s, begin), u.end_s, u.energy) for u in utterances if self._is_new(u)]
        return [utterance for utterance in cut if utterance.end_s - utterance.start_s >= SHORTEST_S]

    def _said_again(self, utterances: Sequence[Utterance], end_s: float) -> bool:
        """Whether a new utterance has begun, and enough of the detected one has left the window."""
        if self._last is None or self._armed:
            return False
        accounted_s = self._accounted_s(utterances)
        begun = any(
            u.start_s >= accounted_s and u.end_s - u.start_s >= SHORTEST_S and self._is_new(u) for u in utterances
        )
        gone_s = end_s - WINDOW_S - self._last.start_s
        return begun and gone_s >= GONE * (accounted_s - self._last.start_s)

    def _is_new(self, utterance: Utterance) -> bool:
        """Whether sound has set in since the last detection, and not only gone on."""
        return self._last is None or utterance.changed_s > min(self._last.end_s, self._last.heard_s - LATE_S)
