"""Intervals against scipy, published examples and simulated clips."""

import numpy as np
import pytest
from scipy.stats import binomtest

from core.experiments.intervals import paired_difference, wilson


@pytest.mark.parametrize(("correct", "n"), [(0, 10), (8, 10), (10, 10), (1300, 2427)])
def test_the_interval_of_an_accuracy_is_scipys(correct, n):
    theirs = binomtest(correct, n).proportion_ci(0.95, method="wilson")
    assert wilson(correct, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_the_paired_interval_is_the_published_one():
    # Bentur et al. (2009), as worked out by Fagerland, Lydersen and Laake (2014): -0.507 to -0.026.
    assert paired_difference(both=1, won=1, lost=7, neither=12) == pytest.approx((-0.507, -0.026), abs=5e-4)


def test_without_any_correlation_it_is_newcombes_interval_of_two_separate_shares():
    # 60 and 40 of 100, independent: product of the diagonals is equal, so nothing goes together.
    low, high = paired_difference(both=24, won=36, lost=16, neither=24)
    first, second = (binomtest(k, 100).proportion_ci(0.95, method="wilson") for k in (40, 60))
    assert low == pytest.approx(0.2 - np.hypot(0.6 - second.low, first.high - 0.4))
    assert high == pytest.approx(0.2 + np.hypot(second.high - 0.6, 0.4 - first.low))


def test_swapping_the_two_turns_the_interval_round():
    low, high = paired_difference(70, 5, 15, 10)
    assert paired_difference(70, 15, 5, 10) == pytest.approx((-high, -low))


def test_equal_answers_leave_a_narrow_interval_around_zero():
    low, high = paired_difference(1300, 0, 0, 1127)
    assert low == pytest.approx(-high)
    assert 0 < high < 0.001


@pytest.mark.parametrize("n", [97, 1000])
def test_it_holds_the_truth_in_about_95_of_100_repetitions(n):
    shares = (0.70, 0.04, 0.10, 0.16)  # both, won, lost, neither
    counts = np.random.default_rng(0).multinomial(n, shares, size=800)
    held = [low <= -0.06 <= high for low, high in (paired_difference(*map(int, row)) for row in counts)]
    assert 0.93 <= np.mean(held) <= 0.985


def test_it_agrees_with_a_paired_bootstrap():
    random = np.random.default_rng(0)
    change = np.repeat([0, 1, -1, 0], [1200, 90, 210, 927])
    drawn = random.choice(change, size=(2000, len(change))).mean(axis=1)
    assert paired_difference(1200, 90, 210, 927) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.0015)
