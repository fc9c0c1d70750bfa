"""How well a model listens: words on a track, and what was detected of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.config import LABELS, ListeningConfig, to_dict


@dataclass(frozen=True)
class PlacedWord:
    """A word on a test track. It is spoken from ``start_s`` to ``end_s``, seconds since the track began."""

    word: str
    start_s: float
    end_s: float
    file: str
    """The clip it came from."""


@dataclass(frozen=True)
class StreamScores:
    """What a model detected on a test track at one threshold. Intervals hold the truth with 95 % probability."""

    threshold: float
    n_keywords: int
    hits: int
    """Keywords detected from their start to a second after their end, each once."""
    wrong_words: int
    """Detections of another word during a keyword."""
    false_alarms: int
    """All other detections: where no keyword was said, or of one that was a hit already."""
    free_hours: float
    """Time outside the keywords (hours), in which every detection is a false alarm."""
    misses_interval: tuple[float, float]
    """Of the share of keywords missed (Wilson), 0 to 1."""
    false_alarms_interval: tuple[float, float]
    """Of the false alarms an hour (exact Poisson; without any, the upper end is 3 divided by the hours)."""
    latencies_s: tuple[float, ...]
    """Time from the end of each word hit to the end of the sound that its detection needed (s)."""

    @property
    def misses(self) -> int:
        """Keywords that were not detected."""
        return self.n_keywords - self.hits

    @property
    def miss_share(self) -> float:
        """Share of keywords that were not detected, 0 to 1."""
        return self.misses / self.n_keywords

    @property
    def false_alarms_per_hour(self) -> float:
        """False alarms in an hour without keywords."""
        return self.false_alarms / self.free_hours

    def latency_s(self, share: float) -> float | None:
        """Latency (s) that this share of the hits stays below, such as 0.5 for the median; None without a hit."""
        return float(np.quantile(self.latencies_s, share)) if self.latencies_s else None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the single latencies as plain values, for JSON."""
        return {
            "threshold": self.threshold,
            "n_keywords": self.n_keywords,
            "hits": self.hits,
            "misses": self.misses,
            "miss_share": self.miss_share,
            "misses_interval": list(self.misses_interval),
            "wrong_words": self.wrong_words,
            "false_alarms": self.false_alarms,
            "false_alarms_per_hour": self.false_alarms_per_hour,
            "false_alarms_interval": list(self.false_alarms_interval),
            "hours": self.free_hours,
            "latency_median_s": self.latency_s(0.5),
            "latency_p95_s": self.latency_s(0.95),
        }


@dataclass(frozen=True)
class StreamTrack:
    """A model's scores on one test track, threshold by threshold."""

    protocol: str
    """Which clips it was made of: one of ``config.PROTOCOLS``."""
    snr_db: float | None
    """Speech over background (dB); None for no background."""
    minutes: float
    noise: tuple[str, ...]
    """Background recordings."""
    n_words: int
    """Words on it, keywords and others."""
    n_clips: int
    """Different clips among them."""
    as_set: StreamScores
    """With the settings as they were, thresholds of single words included."""
    scores: tuple[StreamScores, ...]
    """With one threshold for all words, in order of threshold."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "protocol": self.protocol,
            "snr_db": self.snr_db,
            "minutes": self.minutes,
            "noise": list(self.noise),
            "n_words": self.n_words,
            "n_clips": self.n_clips,
            **self.as_set.to_dict(),
            "latencies_s": list(self.as_set.latencies_s),
            "curve": [scores.to_dict() for scores in self.scores],
        }


@dataclass(frozen=True)
class StreamReport:
    """A stream test of one model: tracks of validation clips to choose a threshold on, and of test clips to report."""

    run: str
    dataset: str
    seed: int
    listening: ListeningConfig
    """The settings, of which the thresholds were varied."""
    tracks: tuple[StreamTrack, ...]
    checkpoint: str = ""
    """SHA-256 of the model's file; empty in tests kept before this was noted."""
    data_key: str = ""
    """``Pack.content`` of the clips."""
    labels: tuple[str, ...] = LABELS
    """What the model tells apart."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "run": self.run,
            "dataset": self.dataset,
            "seed": self.seed,
            "labels": list(self.labels),
            "listening": to_dict(self.listening),
            "tracks": [track.to_dict() for track in self.tracks],
        }


@dataclass(frozen=True)
class ThresholdChoice:
    """Thresholds that were chosen for each word, and what they changed where they were chosen: both flatter."""

    listening: ListeningConfig
    false_alarms_per_hour: float
    """Most that were allowed."""
    before: StreamScores
    after: StreamScores

    @property
    def reached(self) -> bool:
        """Whether the false alarms are as few as was asked."""
        return self.after.false_alarms_per_hour <= self.false_alarms_per_hour

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "listening": to_dict(self.listening),
            "false_alarms_per_hour_allowed": self.false_alarms_per_hour,
            "reached": self.reached,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
        }
