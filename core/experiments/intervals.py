"""95 % intervals of an accuracy, and of the difference of two accuracies on the same clips."""

from __future__ import annotations

from math import sqrt

from core.metrics.intervals import wilson as score_interval

Interval = tuple[float, float]


def wilson(correct: int, n: int) -> Interval:
    """Score interval of one share (Wilson, 1927).

    >>> wilson(8, 10)
    (0.490, 0.943)
    """
    low, high = score_interval(correct, n)
    return float(low), float(high)


def paired_difference(both: int, won: int, lost: int, neither: int) -> Interval:
    """Interval of the second share minus the first one, counted on the same clips (Newcombe, 1998, method 10).

    Two Wilson intervals are combined, with a correction for how far the two go together: where the same clips are
    right with both, the difference is known much better than either share.

    Args:
        both: Clips right in both.
        won: Clips right in the second only.
        lost: Clips right in the first only.
        neither: Clips right in neither.

    >>> paired_difference(both=1, won=1, lost=7, neither=12)  # Bentur et al., 2009
    (-0.507, -0.026)
    """
    n = both + won + lost + neither
    first, second = (both + lost) / n, (both + won) / n
    (low_1, high_1), (low_2, high_2) = wilson(both + lost, n), wilson(both + won, n)
    together = _correlation(both, won, lost, neither)

    def reach(a: float, b: float) -> float:
        return sqrt(max(0.0, a * a - 2 * together * a * b + b * b))

    difference = second - first
    return (
        max(-1.0, difference - reach(second - low_2, high_1 - first)),
        min(1.0, difference + reach(high_2 - second, first - low_1)),
    )


def _correlation(both: int, won: int, lost: int, neither: int) -> float:
    """How far two answers to the same clips go together, corrected for continuity where they do."""
    n = both + won + lost + neither
    sizes = (both + won) * (both + lost) * (won + neither) * (lost + neither)
    if sizes == 0:
        return 0.0
    product = float(both * neither - won * lost)
    if product > 0:
        product = max(0.0, product - n / 2)
    return product / sqrt(sizes)
