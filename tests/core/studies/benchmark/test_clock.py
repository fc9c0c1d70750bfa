"""Ways take turns, and ratios are taken from repeat to repeat."""

import numpy as np
import pytest

from core.studies.benchmark.clock import ratios, spread, take_turns


def test_every_way_is_warmed_up_once_and_then_timed_in_turn():
    calls = []

    def way(name, seconds):
        remaining = iter(seconds)
        return lambda: calls.append(name) or next(remaining)

    times = take_turns([way("a", [9, 1, 2]), way("b", [9, 3, 4])], repeats=2)
    assert times == [[1, 2], [3, 4]]
    assert calls[:2] in (["a", "b"], ["b", "a"])
    # The order turns round, so that no way always follows the same one.
    assert calls[2:] in (["a", "b", "b", "a"], ["b", "a", "a", "b"])


def test_every_turn_is_told():
    told = []
    take_turns([lambda: 1.0] * 3, repeats=4, on_turn=lambda: told.append(1))
    assert len(told) == 3 * (4 + 1)


def test_a_spread_is_numpys_quantiles():
    values = [5.0, 1.0, 4.0, 2.0, 8.0]
    found = spread(values)
    assert (found.low, found.median, found.high) == pytest.approx(tuple(np.quantile(values, (0.1, 0.5, 0.9))))


def test_a_busy_moment_that_meets_both_leaves_the_ratio_alone():
    ours, theirs = [1.0, 1.0, 10.0], [4.0, 4.0, 40.0]
    assert ratios(ours, {"nnAudio": theirs})["nnAudio"].high == 4.0
