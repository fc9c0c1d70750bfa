"""Timing several ways to do one task so that the comparison is fair: they take turns, and each turn gives a ratio."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.records.benchmark import Spread

Way = Callable[[], float]
"""Does the task once and answers how many seconds that took."""


def take_turns(ways: Sequence[Way], repeats: int, *, on_turn: Callable[[], None] | None = None) -> list[list[float]]:
    """Seconds of each way, repeat by repeat; every way was warmed up once before.

    A busy moment of the machine meets all ways alike, since they run in turn. Every other round runs backwards, so
    that no way always follows the same one.

    >>> take_turns([lambda: 1.0, lambda: 2.0], repeats=2)
    [[1.0, 1.0], [2.0, 2.0]]
    """
    seconds: list[list[float]] = [[] for _ in ways]
    for round_number in range(-1, repeats):
        order = range(len(ways)) if round_number % 2 else range(len(ways) - 1, -1, -1)
        for number in order:
            took = ways[number]()
            if round_number >= 0:
                seconds[number].append(took)
            if on_turn:
                on_turn()
    return seconds


def spread(values: Sequence[float]) -> Spread:
    """Median, 10th and 90th percentile.

    >>> spread([1.0, 2.0, 3.0])
    Spread(median=2.0, low=1.2, high=2.8)
    """
    low, median, high = np.quantile(np.asarray(values, dtype=np.float64), (0.1, 0.5, 0.9))
    return Spread(float(median), float(low), float(high))


def ratios(own: Sequence[float], references: Mapping[str, Sequence[float]]) -> dict[str, Spread]:
    """How many times faster a way is than each reference, from repeat to repeat.

    >>> ratios([1.0, 2.0], {"nnAudio": [4.0, 8.0]})
    {'nnAudio': Spread(median=4.0, low=4.0, high=4.0)}
    """
    return {
        name: spread([theirs / ours for theirs, ours in zip(seconds, own, strict=True)])
        for name, seconds in references.items()
    }
