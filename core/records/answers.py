"""What a model makes of sound: of a second, along a recording, and along a stream."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.records.arrays import FloatArray


@dataclass(frozen=True)
class Prediction:
    """A model's answer to one second of sound: labels with probabilities, best first."""

    start_s: float
    end_s: float
    ranking: tuple[tuple[str, float], ...]
    log_mel: FloatArray = field(repr=False)
    """What the model saw, (n_mels, frames), natural logarithm of power."""

    @property
    def label(self) -> str:
        """The most probable label."""
        return self.ranking[0][0]

    @property
    def score(self) -> float:
        """Its probability, 0 to 1."""
        return self.ranking[0][1]


@dataclass(frozen=True)
class Detection:
    """A word that was heard along a stream. Times are seconds of sound since the stream began."""

    word: str
    score: float
    """Averaged probability when it was detected, 0 to 1."""
    start_s: float
    end_s: float
    """Where its sound lies, as far as it had been heard."""
    heard_s: float
    """End of the second of sound that decided: the earliest time at which the word could be reported."""


@dataclass(frozen=True, eq=False)
class WordsAlong:
    """What a model makes of a whole recording: its answers along the way, and the words detected."""

    labels: tuple[str, ...]
    end_s: NDArray[np.float64]
    """Ends of the seconds that were answered, since the recording began, (n,)."""
    probabilities: FloatArray
    """The answers, (n, n_labels); all on ``_silence_`` while nothing is said."""
    detections: tuple[Detection, ...]
    """In the order in which they were said."""
    seconds: float
    """Length of the recording (s)."""


@dataclass(frozen=True, eq=False)
class Decision:
    """What one model makes of the last second of a stream."""

    end_s: float
    """End of that second, in seconds of sound since the stream began."""
    probabilities: FloatArray
    """The network's answer, (n_labels,)."""
    smoothed: FloatArray
    """Averaged over the last answers, (n_labels,); all on ``_silence_`` while nothing is said."""
    level_db: float
    """Level of the sound since the last decision (RMS, dB of full scale, at least -100)."""
    speaking: bool
    """Whether there is a sound in the second that stands out enough to be speech."""
    log_mel: FloatArray = field(repr=False)
    """The columns that became final with this decision, (n_mels, n_columns), natural logarithm, before normalisation;
    put side by side, those of all decisions are the spectrogram of the stream."""
    detection: Detection | None
    """The word detected with this decision, if there is one."""
