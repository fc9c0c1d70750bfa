"""Whether a model's percentages mean what they say: of its answers with 80 %, are four in five right?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.records.evaluation import Evaluation
from core.statistics import wilson

Binning = Literal["width", "clips"]
"""Bins of equal width, or with equal numbers of clips."""

N_BINS = 10

SIMULATIONS = 500
SEED = 0


@dataclass(frozen=True, eq=False)
class Reliability:
    """How sure the answers were and how many were right, bin by bin; only bins that hold clips.

    All arrays have shape (n_bins,); ``confidence`` is the mean probability of the answers in the bin, ``accuracy`` the
    share of them that was right, ``low`` and ``high`` the ends of its 95 % interval (Wilson).
    """

    binning: Binning
    bottoms: NDArray[np.float64]
    tops: NDArray[np.float64]
    """A bin holds the probabilities above its bottom, up to and including its top."""
    n: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean_confidence: float
    mean_accuracy: float
    ece: float
    """Expected calibration error: distance of accuracy from confidence, averaged over the clips, 0 to 1."""
    chance_ece: float
    """What a model that is calibrated perfectly stays below in 95 of 100 cases, on as many clips and as sure."""

    @property
    def n_clips(self) -> int:
        """Clips in all bins."""
        return int(self.n.sum())


def reliability(evaluation: Evaluation, binning: Binning = "width", n_bins: int = N_BINS) -> Reliability:
    """Sort the answers by their probability into bins, and compare with how many were right.

    The expected calibration error is Naeini, Cooper and Hauskrecht's (2015), of the top answer as Guo and others (2017)
    have it. On few clips it is above zero by chance alone; how far is found by drawing right and wrong answers with the
    probabilities that the model gave (consistency resampling; Bröcker and Smith, 2007).

    Args:
        evaluation: Answers to clips.
        binning: "width" for bins of equal width from 0 to 1, "clips" for equal numbers of clips.
        n_bins: Number of bins, those without clips included.
    """
    sure = evaluation.probabilities.max(axis=1).astype(np.float64)
    right = evaluation.right
    shares = np.linspace(0, 1, n_bins + 1)
    edges = shares if binning == "width" else np.quantile(sure, shares)
    of_clip = np.searchsorted(edges[1:-1], sure)
    n = np.bincount(of_clip, minlength=n_bins)
    confidence = np.bincount(of_clip, weights=sure, minlength=n_bins).astype(np.float64)
    correct = np.bincount(of_clip, weights=right, minlength=n_bins)
    held = np.flatnonzero(n)
    low, high = wilson(correct[held], n[held])
    return Reliability(
        binning=binning,
        bottoms=edges[held],
        tops=edges[held + 1],
        n=n[held],
        confidence=confidence[held] / n[held],
        accuracy=correct[held] / n[held],
        low=low,
        high=high,
        mean_confidence=float(sure.mean()),
        mean_accuracy=float(right.mean()),
        ece=float(np.abs(correct - confidence).sum() / len(sure)),
        chance_ece=_chance_ece(sure, of_clip, confidence),
    )


def _chance_ece(sure: NDArray[np.float64], of_clip: NDArray[np.int64], confidence: NDArray[np.float64]) -> float:
    random = np.random.default_rng(SEED)
    errors = []
    for _ in range(SIMULATIONS):
        right = random.random(len(sure)) < sure
        correct = np.bincount(of_clip, weights=right, minlength=len(confidence))
        errors.append(np.abs(correct - confidence).sum() / len(sure))
    return float(np.quantile(errors, 0.95))
