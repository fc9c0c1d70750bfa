"""What models answered to clips that were changed more and more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.config import LABELS, Vocabulary, protocol_title
from core.records.arrays import FloatArray
from core.statistics import wilson

Change = Literal["noise", "shift", "gain", "speed"]

UNITS: dict[Change, str] = {"noise": "dB", "shift": "ms", "gain": "dB", "speed": "times"}
"""What can happen to the clips, and the unit it is measured in."""


def noise_title(name: str) -> str:
    """A kind of noise for people.

    >>> noise_title("noise_running_water"), noise_title("babble")
    ('running water', 'babble')
    """
    return name.removeprefix("noise_").replace("_", " ")


@dataclass(frozen=True, eq=False)
class Robustness:
    """What one model answered to the same clips, changed more and more in one way.

    Rows of ``answers``, ``scores`` and ``truth_scores`` are the ``values``, columns the clips.
    """

    run: str
    checkpoint: str
    """SHA-256 of the model's file."""
    dataset: str
    data_key: str
    """``Pack.content`` of the clips."""
    protocol: str
    kind: Change
    seed: int
    n_all: int
    """Clips that the protocol has; ``n`` of them were measured."""
    values: tuple[float | None, ...]
    rows: NDArray[np.int64]
    """Rows of the pack, (n,)."""
    truth: NDArray[np.int64]
    """Their labels, (n,)."""
    noises: tuple[str, ...]
    """Kinds of noise; empty unless ``kind`` is "noise"."""
    noise: NDArray[np.int64]
    """Which of them each clip got, (n,); zeros without noise."""
    answers: NDArray[np.int64]
    """Most probable labels, (n_values, n)."""
    scores: FloatArray
    """Their probabilities, (n_values, n)."""
    truth_scores: FloatArray
    """Probabilities of the true labels, (n_values, n)."""
    labels: tuple[str, ...] = LABELS
    """What the model tells apart."""

    @property
    def clips_title(self) -> str:
        """Which clips it was measured on, and what was to be told apart."""
        return protocol_title(self.protocol, Vocabulary.of_labels(self.labels))

    @property
    def n(self) -> int:
        """Number of clips."""
        return len(self.rows)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each answer is right, (n_values, n)."""
        return np.asarray(self.answers == self.truth)

    @property
    def baseline(self) -> tuple[float, str]:
        """Accuracy of always answering the most frequent label of these clips, and that label."""
        counts = np.bincount(self.truth, minlength=len(self.labels))
        return float(counts.max() / self.n), self.labels[int(counts.argmax())]

    def accuracy(self, clips: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.float64], ...]:
        """Accuracy at each value with the ends of its 95 % interval (Wilson), each (n_values,), 0 to 1.

        Args:
            clips: Which clips count, (n,); None for all.
        """
        right = self.right if clips is None else self.right[:, clips]
        n = np.full(len(right), right.shape[1])
        hits = right.sum(axis=1)
        low, high = wilson(hits, n)
        return hits / np.where(n > 0, n, np.nan), low, high

    def to_dict(self) -> dict[str, Any]:
        """Everything but the single answers as plain values, with shares and intervals, for JSON."""
        accuracy, low, high = self.accuracy()
        return {
            "run": self.run,
            "checkpoint": self.checkpoint,
            "dataset": self.dataset,
            "protocol": self.protocol,
            "change": self.kind,
            "unit": UNITS[self.kind],
            "seed": self.seed,
            "n": self.n,
            "n_all": self.n_all,
            "baseline": self.baseline[0],
            "points": [
                {
                    "value": value,
                    "accuracy": float(accuracy[step]),
                    "interval": [float(low[step]), float(high[step])],
                    "by_noise": {
                        noise_title(name): {
                            "n": int((self.noise == number).sum()),
                            "right": int(self.right[step, self.noise == number].sum()),
                        }
                        for number, name in enumerate(self.noises)
                    },
                }
                for step, value in enumerate(self.values)
            ],
        }

    def as_rows(self) -> list[dict[str, Any]]:
        """A row for each value, over all clips and over those with each noise, for a table."""
        groups = [("all" if self.noises else "", np.ones(self.n, bool))]
        groups += [(noise_title(name), self.noise == number) for number, name in enumerate(self.noises)]
        rows = []
        for title, clips in groups:
            accuracy, low, high = self.accuracy(clips)
            for step, value in enumerate(self.values if clips.any() else ()):
                rows.append(
                    {
                        "model": self.run,
                        "checkpoint": self.checkpoint[:12],
                        "dataset": self.dataset,
                        "protocol": self.protocol,
                        "change": self.kind,
                        "value": "clean" if value is None else f"{value:g}",
                        "noise": title,
                        "clips": int(clips.sum()),
                        "right": int(self.right[step, clips].sum()),
                        "accuracy": f"{accuracy[step]:.4f}",
                        "low": f"{low[step]:.4f}",
                        "high": f"{high[step]:.4f}",
                        "clips_of_protocol": self.n_all,
                        "seed": self.seed,
                    }
                )
        return rows
