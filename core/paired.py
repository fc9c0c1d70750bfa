"""Statistics of pairs: two models answered the same clips, and the clips that only one got right tell them apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

RESAMPLES = 10_000
"""Samples drawn for a bootstrap interval."""

Interval = tuple[float, float]


def mcnemar(only_a: int, only_b: int) -> float:
    """p-value of McNemar's test in its exact form (two-sided binomial test of the clips that only one got right).

    Exact for any number of them, where the usual chi-square form needs some twenty-five (McNemar, 1947).

    >>> mcnemar(5, 23), mcnemar(0, 0)
    (0.0009, 1.0)
    """
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def holm(ps: Sequence[float]) -> list[float]:
    """p-values corrected for being several (Holm, 1979): the chance of any false finding stays below the level.

    >>> holm([0.01, 0.04, 0.03, 0.005])
    [0.03, 0.06, 0.06, 0.02]
    """
    adjusted, reached = [0.0] * len(ps), 0.0
    for rank, number in enumerate(np.argsort(ps, kind="stable").tolist()):
        reached = max(reached, min(1.0, (len(ps) - rank) * ps[number]))
        adjusted[number] = reached
    return adjusted


def bootstrap_interval(
    both: int, only_a: int, only_b: int, neither: int, *, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """95 % interval of accuracy b - accuracy a, from clips drawn anew with replacement (Efron, 1979).

    A clip has one of four outcomes, so a whole sample is one draw from a multinomial distribution.

    >>> bootstrap_interval(60, 10, 20, 10)
    (0.0, 0.2)
    """
    counts = np.array([both, only_a, only_b, neither], dtype=np.int64)
    drawn = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), size=resamples)
    return _middle((drawn[:, 2] - drawn[:, 1]) / counts.sum())


def speaker_interval(
    net: NDArray[np.int64], speakers: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> Interval | None:
    """The same from speakers drawn anew with all their clips: the clips of one speaker resemble each other.

    Args:
        net: For each clip 1 if only b got it right, -1 if only a, else 0; (n,).
        speakers: Who speaks in each clip; "" for nobody known, which counts as a speaker for each such clip.
        seed: Of the samples.
        resamples: Number of samples.

    Returns:
        The interval, or None for fewer than two known speakers.
    """
    if len(set(speakers) - {""}) < 2:
        return None
    names = [speaker or f"clip {number}" for number, speaker in enumerate(speakers)]
    group = np.unique(names, return_inverse=True)[1]
    gains, sizes = np.bincount(group, weights=net), np.bincount(group).astype(np.float64)
    rng, shares = np.random.default_rng(seed), []
    for start in range(0, resamples, 500):
        drawn = rng.integers(len(sizes), size=(min(500, resamples - start), len(sizes)))
        shares.append(gains[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return _middle(np.concatenate(shares))


def _middle(values: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def small_sample_interval(both: int, only_a: int, only_b: int, neither: int) -> Interval:
    """95 % interval of share b - share a that also holds for few clips: half a clip is added to each outcome.

    A bootstrap of clips that both got alike would claim certainty (Agresti and Min, 2005, Statistics in Medicine 24).

    >>> small_sample_interval(20, 0, 0, 5)
    (-0.0726, 0.0726)
    """
    counts = np.array([both, only_a, only_b, neither], dtype=np.float64)
    if not counts.any():
        return -1.0, 1.0
    counts += 0.5
    n = counts.sum()
    gain = (counts[2] - counts[1]) / n
    reach = norm.ppf(0.975) * np.sqrt((counts[1] + counts[2]) / n - gain**2) / np.sqrt(n)
    return float(max(-1.0, gain - reach)), float(min(1.0, gain + reach))
