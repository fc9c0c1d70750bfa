"""A model's answers to the clips of a protocol, and the figures that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import Vocabulary, protocol_note, protocol_title, to_dict
from core.records.arrays import FloatArray


@dataclass(frozen=True)
class Evaluation:
    """A model's answers to every clip of one protocol.

    Rows of ``confusion`` are true labels, columns predicted ones; ``probabilities`` has shape (n, n_labels),
    ``truth`` (n,). ``clip_words`` and ``clip_files`` name each clip.
    """

    run: str
    dataset: str
    protocol: str
    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    loss: float
    probabilities: FloatArray
    truth: NDArray[np.int64]
    clip_words: tuple[str, ...] = ()
    clip_files: tuple[str, ...] = ()
    checkpoint: str = ""
    """SHA-256 of the model's file; empty in evaluations kept before this was noted."""
    data_key: str = ""
    """``Pack.content`` of the clips."""

    @property
    def vocabulary(self) -> Vocabulary:
        """What the model tells apart."""
        return Vocabulary.of_labels(self.labels)

    @property
    def clips_title(self) -> str:
        """Which clips it was measured on, and what was to be told apart; stands wherever a score stands."""
        return protocol_title(self.protocol, self.vocabulary)

    @property
    def clips_note(self) -> str:
        """What a person must know of these clips."""
        return protocol_note(self.protocol, self.vocabulary)

    @property
    def n(self) -> int:
        """Number of clips."""
        return int(self.confusion.sum())

    @property
    def answers(self) -> NDArray[np.int64]:
        """Number of the label that each clip was answered with, (n,)."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each clip was answered right, (n,)."""
        return np.asarray(self.answers == self.truth)

    def to_dict(self) -> dict[str, Any]:
        """What was asked and how often each label got which answer, as plain values for JSON."""
        return {
            "run": self.run,
            "dataset": self.dataset,
            "protocol": self.protocol,
            "labels": self.labels,
            "confusion": self.confusion.tolist(),
        }


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one label (0 to 1), and its number of clips."""

    label: str
    precision: float
    recall: float
    f1: float
    n: int


@dataclass(frozen=True)
class Scores:
    """The figures of one evaluation.

    ``interval`` is the 95 % Wilson interval of the accuracy. ``baseline`` is the accuracy of always answering
    the most frequent label, ``baseline_label``. Averages run over the labels that have clips.
    """

    n: int
    loss: float
    accuracy: float
    interval: tuple[float, float]
    baseline: float
    baseline_label: str
    by_class: tuple[ClassScores, ...]
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values for JSON, of the averages the F1 alone."""
        names = "n accuracy interval baseline loss micro_f1 macro_f1 weighted_f1"
        figures = {name: getattr(self, name) for name in names.split()}
        return figures | {"by_class": [to_dict(one) for one in self.by_class]}
