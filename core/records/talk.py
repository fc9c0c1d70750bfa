"""What a model took for keywords in talk that was not meant for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from core.config import ListeningConfig, to_dict


@dataclass(frozen=True)
class FalseAlarm:
    """A word that was detected in a recording of talk. Times are seconds since the recording began."""

    file: str
    """The recording, its path inside the folder."""
    word: str
    score: float
    """Averaged probability when it was detected, 0 to 1."""
    start_s: float
    end_s: float
    """Where its sound lies."""
    heard_s: float
    """End of the second of sound that decided; what follows the recording's end is silence."""


@dataclass(frozen=True)
class TalkScores:
    """False alarms at one threshold."""

    threshold: float
    false_alarms: int
    per_hour: float
    per_hour_interval: tuple[float, float]
    """It holds the true rate with 95 % probability (exact Poisson; without any alarm, the upper end is 3 divided by the
    hours)."""


@dataclass(frozen=True)
class TalkReport:
    """What a model detects in a folder of talk, where every detection counts as a false alarm."""

    run: str
    folder: str
    """Name of the folder."""
    n_files: int
    """Recordings that were listened to."""
    hours: float
    """Sound in them."""
    left_out: tuple[tuple[str, str], ...]
    """Files that were not listened to, and why."""
    listening: ListeningConfig
    """The settings, of which the thresholds were varied."""
    as_set: TalkScores
    """With the settings as they were, thresholds of single words included."""
    alarms: tuple[FalseAlarm, ...]
    """What was detected with them, in order of file and time."""
    scores: tuple[TalkScores, ...]
    """With one threshold for all words, in order of threshold."""
    checkpoint: str
    """SHA-256 of the model's file."""
    sound_key: str
    """SHA-256 of the recordings: their names, and their samples at 16 kHz."""
    path: str
    """The folder in full: where what fired can be heard."""

    @property
    def data_key(self) -> str:
        """What it was measured on, as every record of a run says it."""
        return self.sound_key

    @property
    def by_word(self) -> dict[str, int]:
        """Words that were detected with the settings as they were, the most frequent first."""
        return dict(Counter(alarm.word for alarm in self.alarms).most_common())

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**to_dict(self), "by_word": self.by_word}

    def as_rows(self) -> list[dict[str, Any]]:
        """What fired, a row each."""
        return [to_dict(alarm) for alarm in self.alarms]
