"""Each keyword against the rest: what a threshold on its probability costs in misses and in false alarms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.config import LABELS
from core.records.evaluation import Evaluation
from core.statistics import Interval, share_interval

STEPS = 200
"""Thresholds from 0 to 1 that costs are counted at, less one."""


@dataclass(frozen=True, eq=False)
class DetectionCurve:
    """Misses and false alarms of one keyword as the threshold on its probability falls; arrays have shape (n_points,).

    A clip counts as detected if the keyword's probability reaches the threshold, whatever the other words have.
    """

    label: str
    n: int
    """Clips of the keyword."""
    n_others: int
    thresholds: NDArray[np.float64]
    """Falling; the first one, infinite, detects nothing."""
    misses: NDArray[np.float64]
    """Share of the keyword's clips that are not detected."""
    false_alarms: NDArray[np.float64]
    """Share of the other clips that are."""
    auc: float
    """Area under the ROC curve: how often a clip of the keyword has more of its probability than another clip has."""
    eer: float
    """Equal error rate: where the share missed is the share of false alarms."""
    eer_threshold: float
    labels: tuple[str, ...] = LABELS
    """All that the model tells apart."""


@dataclass(frozen=True, eq=False)
class ThresholdCosts:
    """What it costs to accept the answer "this keyword" only from a probability on; arrays have shape (n_thresholds,).

    Different from ``DetectionCurve``, the keyword has to be the most probable answer as well.
    """

    label: str
    n: int
    n_others: int
    thresholds: NDArray[np.float64]
    """Rising from 0, where every answer counts."""
    misses: NDArray[np.int64]
    """Clips of the keyword that got another answer or were rejected."""
    false_alarms: NDArray[np.int64]
    """Other clips that were answered with it and accepted."""

    def place(self, threshold: float) -> int:
        """Number of the threshold nearest to this one."""
        return int(np.abs(self.thresholds - threshold).argmin())

    def misses_interval(self, place: int) -> Interval:
        """95 % interval of the share missed (Wilson)."""
        return share_interval(int(self.misses[place]), self.n)

    def false_alarms_interval(self, place: int) -> Interval:
        """95 % interval of the share of false alarms (Wilson)."""
        return share_interval(int(self.false_alarms[place]), self.n_others)


def detection_curves(evaluation: Evaluation) -> tuple[DetectionCurve, ...]:
    """The curve of every keyword that has clips beside others, from scikit-learn's ``roc_curve``.

    The equal error rate lies on the line between the two points of the curve around it, and so does its threshold.
    """
    from sklearn.metrics import auc, roc_curve  # takes half a second, which no other command shall wait

    curves = []
    for label in evaluation.vocabulary.words:
        number = evaluation.labels.index(label)
        is_it = evaluation.truth == number
        n = int(is_it.sum())
        if not 0 < n < len(is_it):
            continue
        false_alarms, found, thresholds = roc_curve(is_it, evaluation.probabilities[:, number].astype(np.float64))
        eer, threshold = _equal_error(thresholds, 1 - found, false_alarms)
        area = float(auc(false_alarms, found))
        curves.append(
            DetectionCurve(
                label, n, len(is_it) - n, thresholds, 1 - found, false_alarms, area, eer, threshold, evaluation.labels
            )
        )
    return tuple(curves)


def _equal_error(
    thresholds: NDArray[np.float64], misses: NDArray[np.float64], false_alarms: NDArray[np.float64]
) -> tuple[float, float]:
    """Where the falling misses meet the rising false alarms, and the threshold there."""
    gap = misses - false_alarms
    after = int(np.argmax(gap <= 0))
    before = after - 1
    share = float(gap[before] / (gap[before] - gap[after]))
    eer = float(misses[before] + share * (misses[after] - misses[before]))
    # The first threshold is infinite; no probability is above 1.
    ends = np.minimum(thresholds[[before, after]], 1.0)
    return eer, float(ends[0] + share * (ends[1] - ends[0]))


def threshold_costs(evaluation: Evaluation, label: str) -> ThresholdCosts:
    """Misses and false alarms of one keyword at every threshold from 0 to 1."""
    number = evaluation.labels.index(label)
    is_it = evaluation.truth == number
    answered = evaluation.answers == number
    sure = evaluation.probabilities[:, number].astype(np.float64)
    thresholds = np.linspace(0, 1, STEPS + 1)

    def accepted(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of the clips answered with it reach each threshold."""
        values = np.sort(sure[rows & answered])
        return np.asarray(len(values) - np.searchsorted(values, thresholds, side="left"), dtype=np.int64)

    n = int(is_it.sum())
    return ThresholdCosts(label, n, len(is_it) - n, thresholds, n - accepted(is_it), accepted(~is_it))
