"""The only intervals, tests, corrections and samples: every question of chance is answered here, and in one way.

Intervals are of 95 %, and those of counted clips take the clips as independent. Clips of one speaker are not quite:
``group_interval`` stands beside the others for that reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Interval = tuple[float, float]

LEVEL = 0.95
"""How often an interval holds the truth."""

SIGNIFICANT = 1 - LEVEL
"""Below this p-value a difference is called one."""

RESAMPLES = 10_000
"""Samples drawn for an interval over groups."""

Z = float(ndtri((1 + LEVEL) / 2))
"""Standard deviations on either side that hold 95 % of a normal distribution."""


# One share, one rate, one mean


def wilson(hits: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intervals of shares that were counted (Wilson, 1927), of many counts at once.

    Args:
        hits: How many of the clips have what is counted, any shape.
        n: How many clips there are, same shape.

    Returns:
        Lower and upper ends, 0 to 1, same shape; NaN where there are no clips.

    >>> [end.round(3).tolist() for end in wilson([0, 90], [10, 100])]
    [[0.0, 0.826], [0.278, 0.945]]
    """
    hits, n = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    share = hits / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    # At the ends the formula is exact but for its last digit.
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)


def share_interval(hits: int, n: int) -> Interval:
    """Interval of one share (Wilson, 1927), 0 to 1; NaN without clips.

    >>> [round(end, 3) for end in share_interval(8, 10)]
    [0.49, 0.943]
    """
    low, high = wilson(hits, n)
    return float(low), float(high)


def rate_interval(n_events: int, hours: float) -> Interval:
    """Interval of the events an hour, from a count in some hours (exact Poisson; Garwood, 1936).

    Without any event there is only an upper bound, which then gets all of the 5 %: the rule of three.

    >>> [round(end, 2) for end in rate_interval(10, 1.0)], round(rate_interval(0, 1.0)[1], 1)
    ([4.8, 18.39], 3.0)
    """
    from scipy.stats import chi2  # takes half a second, which no command shall wait that asks for no statistics

    if n_events == 0:
        return 0.0, float(chi2.ppf(LEVEL, 2)) / 2 / hours
    low, high = chi2.ppf((1 - LEVEL) / 2, 2 * n_events), chi2.ppf((1 + LEVEL) / 2, 2 * n_events + 2)
    return float(low) / 2 / hours, float(high) / 2 / hours


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Interval of a mean (Student's t), such as one over seeds; None for fewer than two values.

    >>> mean_interval([0.4]) is None
    True
    >>> [round(end, 3) for end in mean_interval([0.40, 0.42, 0.44])]
    [0.37, 0.47]
    """
    from scipy.stats import t as student

    if len(values) < 2:
        return None
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))
    half = float(student.ppf((1 + LEVEL) / 2, len(values) - 1)) * error
    return mean - half, mean + half


def mean_p(values: Sequence[float]) -> float:
    """How likely a mean is at least this far from zero by luck (Student's t, two-sided); 1 for fewer than two values.

    >>> round(mean_p([0.02, 0.03, 0.025]), 4), mean_p([0.02]), mean_p([0.0, 0.0])
    (0.0131, 1.0, 1.0)
    """
    from scipy.stats import t as student

    mean = float(np.mean(values)) if len(values) > 1 else 0.0
    if mean == 0:
        return 1.0
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return float(2 * student.sf(abs(mean) / error, len(values) - 1)) if error else 0.0


# Two models on the same clips


@dataclass(frozen=True)
class Pairs:
    """How two models, or two ways of one, answered the same clips: the first is ``a``, the second ``b``."""

    both: int
    """Clips that both got right."""
    only_a: int
    only_b: int
    neither: int

    @property
    def n(self) -> int:
        """Number of clips."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def gain(self) -> float:
        """Share right in b less that in a, -1 to 1; 0 without clips."""
        return (self.only_b - self.only_a) / self.n if self.n else 0.0

    @property
    def interval(self) -> Interval:
        """Of the gain (see ``difference_interval``)."""
        return difference_interval(self.only_a, self.only_b, self.n)

    @property
    def p(self) -> float:
        """How likely a split of the clips that only one got right is at least this uneven by luck (``mcnemar``)."""
        return mcnemar(self.only_a, self.only_b)


def pairs_of(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> Pairs:
    """Counts of two rows of answers to the same clips, (n,) each.

    >>> pairs_of(np.array([True, True, False]), np.array([True, False, False]))
    Pairs(both=1, only_a=1, only_b=0, neither=1)
    """
    return Pairs(
        both=int((right_a & right_b).sum()),
        only_a=int((right_a & ~right_b).sum()),
        only_b=int((~right_a & right_b).sum()),
        neither=int((~right_a & ~right_b).sum()),
    )


def difference_interval(only_a: int, only_b: int, n: int) -> Interval:
    """Interval of share b less share a on the same clips (Bonett and Price, 2012): one clip is added to each side.

    Chosen by coverage, simulated for 10 to 2,400 clips with 0.2 to 50 % of them answered right by one alone, evenly
    or by one side: it held the truth in at least 93 of 100 repetitions everywhere (Tango's score interval 94,
    Agresti and Min's 86, Newcombe's tenth 87, a bootstrap of clips 0: where no clip tells two models apart, the last
    claims certainty). It asks for no more than the clips that tell them apart.

    Args:
        only_a: Clips right in a only.
        only_b: Clips right in b only.
        n: All clips, those included that both got right or wrong.

    >>> [round(end, 3) for end in difference_interval(only_a=7, only_b=1, n=21)]  # Bentur et al., 2009
    [-0.508, -0.013]
    >>> [round(end, 3) for end in difference_interval(0, 0, 25)]
    [-0.103, 0.103]
    """
    share_a, share_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    gain = share_b - share_a
    reach = Z * math.sqrt((share_a + share_b - gain**2) / (n + 2))
    return max(-1.0, gain - reach), min(1.0, gain + reach)


def group_interval(net: NDArray[np.integer], groups: Sequence[str]) -> Interval | None:
    """The same over groups of clips, such as speakers, drawn anew with all their clips (bootstrap; Efron, 1979).

    Args:
        net: For each clip 1 if only b got it right, -1 if only a, else 0; (n,).
        groups: Which group each clip is of; "" for none known, which counts as a group for each such clip.

    Returns:
        The interval, or None for fewer than two known groups.
    """
    if len(set(groups) - {""}) < 2:
        return None
    names = [group or f"clip {number}" for number, group in enumerate(groups)]
    group_of = np.unique(names, return_inverse=True)[1]
    gains, sizes = np.bincount(group_of, weights=net), np.bincount(group_of).astype(np.float64)
    rng, shares = np.random.default_rng(0), []
    for _ in range(RESAMPLES // 500):
        drawn = rng.integers(len(sizes), size=(500, len(sizes)))
        shares.append(gains[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(shares), ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


def mcnemar(only_a: int, only_b: int) -> float:
    """p-value of McNemar's test in its exact form (two-sided binomial test of the clips that only one got right).

    Exact for any number of them, where the usual chi-square form needs some twenty-five (McNemar, 1947).

    >>> mcnemar(5, 23), mcnemar(0, 0)
    (0.0009, 1.0)
    """
    from scipy.stats import binomtest

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


# Samples


def sample(labels: NDArray[np.integer], n: int | None, seed: int = 0) -> NDArray[np.int64]:
    """Places of ``n`` clips, each label in the share it has in all of them (up to one clip); in order.

    A larger sample of the same seed contains the smaller one, up to a clip a label where shares are rounded.

    Args:
        labels: Label of every clip, (n_all,).
        n: How many to draw; None, or more than there are, for all.
        seed: The same seed draws the same clips.

    >>> labels = np.repeat([0, 1], [30, 10])
    >>> np.bincount(labels[sample(labels, 8, seed=0)]).tolist()
    [6, 2]
    """
    if n is None or n >= len(labels):
        return np.arange(len(labels))
    present, counts = np.unique(labels, return_counts=True)
    exact = n * counts / len(labels)
    takes = np.floor(exact).astype(int)
    # The clips that rounding left over go to the labels that lost most by it.
    takes[np.argsort(takes - exact, kind="stable")[: n - takes.sum()]] += 1
    parts = [
        np.random.default_rng((seed, int(label))).permutation(np.flatnonzero(labels == label))[:take]
        for label, take in zip(present, takes, strict=True)
    ]
    return np.sort(np.concatenate(parts))
