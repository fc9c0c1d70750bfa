"""How well each word is found, and how far its answer can be believed."""

from __future__ import annotations

from dataclasses import dataclass

from core.records.evaluation import Evaluation
from core.statistics import Interval, share_interval


@dataclass(frozen=True)
class WordScores:
    """Counts of one label. Shares and the ends of their 95 % intervals (Wilson) are NaN where nothing was counted."""

    label: str
    n: int
    """Clips of it."""
    answered: int
    """Clips that were called this."""
    right: int
    """Clips of it that were called this."""
    recall_interval: Interval
    precision_interval: Interval

    @property
    def recall(self) -> float:
        """Share of its clips that were found."""
        return self.right / self.n if self.n else float("nan")

    @property
    def precision(self) -> float:
        """Share of the clips called this that were it."""
        return self.right / self.answered if self.answered else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of both; NaN where there are no clips of it."""
        return 2 * self.right / (self.n + self.answered) if self.n else float("nan")


def word_scores(evaluation: Evaluation) -> tuple[WordScores, ...]:
    """Recall and precision of every label, each with its interval, in the order of the labels."""
    counts = evaluation.confusion
    numbers = zip(counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist(), counts.diagonal().tolist(), strict=True)
    return tuple(
        WordScores(label, n, answered, right, share_interval(right, n), share_interval(right, answered))
        for label, (n, answered, right) in zip(evaluation.labels, numbers, strict=True)
    )
