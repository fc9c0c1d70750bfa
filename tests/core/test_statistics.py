"""Intervals, tests and samples against scipy, published examples and simulated clips."""

from math import comb, sqrt

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap, norm

from core.statistics import (
    Pairs,
    difference_interval,
    group_interval,
    holm,
    mcnemar,
    mean_interval,
    pairs_of,
    rate_interval,
    sample,
    share_interval,
    wilson,
)


@pytest.mark.parametrize("n", [1, 2, 7, 100, 4890])
def test_the_interval_of_a_share_is_scipys(n):
    hits = np.unique([0, 1, n // 3, n // 2, n - 1, n])
    low, high = wilson(hits, np.full(len(hits), n))
    for at, hit in enumerate(hits):
        expected = binomtest(int(hit), n).proportion_ci(0.95, method="wilson")
        assert (low[at], high[at]) == (pytest.approx(expected.low, abs=1e-12), pytest.approx(expected.high, abs=1e-12))
        assert share_interval(int(hit), n) == (low[at], high[at])


def test_the_interval_of_a_share_holds_it_and_stays_between_none_and_all():
    low, high = wilson([0, 5, 5], [5, 5, 8])
    assert low[0] == 0
    assert high[1] == 1
    assert (low <= np.array([0, 1, 5 / 8])).all()
    assert (high >= np.array([0, 1, 5 / 8])).all()


def test_no_clips_have_no_interval():
    low, high = wilson([0, 3], [0, 4])
    assert np.isnan([low[0], high[0]]).all()
    assert np.isfinite([low[1], high[1]]).all()


# Exact 95 % limits of a Poisson mean, as printed in tables (Garwood 1936; Ulm 1990).
@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (1, 0.0253, 5.572),
        (2, 0.242, 7.225),
        (3, 0.619, 8.767),
        (5, 1.623, 11.668),
        (10, 4.795, 18.390),
        (20, 12.217, 30.888),
        (100, 81.364, 121.627),
    ],
)
def test_the_interval_of_a_rate_is_the_published_one(count, low, high):
    assert rate_interval(count, 1.0) == (pytest.approx(low, abs=6e-4), pytest.approx(high, abs=6e-4))
    assert rate_interval(count, 4.0) == (pytest.approx(low / 4, abs=6e-4), pytest.approx(high / 4, abs=6e-4))


def test_no_false_alarm_in_some_hours_bounds_the_rate_by_the_rule_of_three():
    low, high = rate_interval(0, 0.5)
    assert low == 0
    assert 0.99 * 3 / 0.5 < high < 3 / 0.5


def test_the_interval_of_a_share_is_wilsons():
    # Newcombe (1998), table I, method 3: 81 of 263 and 15 of 148.
    assert share_interval(81, 263) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
    assert share_interval(15, 148) == (pytest.approx(0.0624, abs=1e-4), pytest.approx(0.1605, abs=1e-4))


def test_the_interval_of_a_mean_is_students():
    values = [0.50, 0.52, 0.57]
    half = 4.3027 * np.std(values, ddof=1) / sqrt(3)  # t for two degrees of freedom
    assert mean_interval(values) == pytest.approx((np.mean(values) - half, np.mean(values) + half), abs=1e-5)
    assert mean_interval([0.5]) is None


def test_pairs_are_counted_clip_by_clip():
    a = np.array([1, 1, 1, 0, 0, 0, 0], bool)
    b = np.array([1, 1, 0, 1, 1, 1, 0], bool)
    pairs = pairs_of(a, b)
    assert pairs == Pairs(both=2, only_a=1, only_b=3, neither=1)
    assert pairs.gain == pytest.approx(b.mean() - a.mean())
    assert (pairs.p, pairs.interval) == (mcnemar(1, 3), difference_interval(1, 3, 7))


def test_the_interval_of_a_difference_is_the_published_one():
    # Bentur et al. (2009), as worked out by Fagerland, Lydersen and Laake (2014): -0.51 to -0.01.
    assert difference_interval(only_a=7, only_b=1, n=21) == pytest.approx((-0.51, -0.01), abs=5e-3)


def test_swapping_the_two_turns_the_interval_of_a_difference_round():
    low, high = difference_interval(5, 15, 100)
    assert difference_interval(15, 5, 100) == pytest.approx((-high, -low))


def test_clips_that_do_not_tell_two_apart_are_no_certainty():
    low, high = difference_interval(0, 0, 25)
    assert low == -high
    assert 0.03 < high < 0.2
    assert difference_interval(0, 0, 2427)[1] < 0.002, "but many of them nearly are"
    assert difference_interval(0, 0, 0) == (-1.0, 1.0)
    assert difference_interval(0, 3, 3)[1] == 1.0


@pytest.mark.parametrize("n", [10, 25, 200, 2400])
@pytest.mark.parametrize("told_apart", [0.002, 0.05, 0.3])
@pytest.mark.parametrize("share_of_b", [0.5, 0.8, 1.0])
def test_the_interval_of_a_difference_holds_the_truth_as_often_as_it_says(n, told_apart, share_of_b):
    shares = np.array([told_apart * (1 - share_of_b), told_apart * share_of_b, 1 - told_apart])
    counts = np.random.default_rng(0).multinomial(n, shares, size=2000)[:, :2]
    different, often = np.unique(counts, axis=0, return_counts=True)
    ends = np.array([difference_interval(*map(int, row), n) for row in different])
    truth = shares[1] - shares[0]
    held = np.average((ends[:, 0] <= truth) & (truth <= ends[:, 1]), weights=often)
    assert held > 0.92, "of 2,000 repetitions 93 % at least, less three standard errors"


def test_the_interval_of_a_difference_agrees_with_a_bootstrap_where_clips_are_many():
    net = np.repeat([0, -1, 1], [1800, 40, 90])
    theirs = bootstrap((net,), np.mean, n_resamples=9_999, method="percentile", rng=np.random.default_rng(1), batch=500)
    assert difference_interval(40, 90, len(net)) == pytest.approx(tuple(theirs.confidence_interval), abs=0.0012)


def test_groups_of_one_clip_give_the_interval_of_clips():
    net = np.random.default_rng(3).choice([-1, 0, 1], p=[0.1, 0.7, 0.2], size=400)
    alone = group_interval(net, [f"{number:08x}" for number in range(400)])
    assert alone == pytest.approx(difference_interval(int((net < 0).sum()), int((net > 0).sum()), 400), abs=0.006)


def test_clips_that_one_speaker_repeats_make_the_interval_as_wide_as_so_few_speakers_allow():
    by_speaker = np.random.default_rng(3).choice([-1, 0, 1], p=[0.1, 0.7, 0.2], size=400)
    low, high = group_interval(by_speaker, [str(number) for number in range(400)])
    net = np.repeat(by_speaker, 9)
    repeated = group_interval(net, np.repeat([str(number) for number in range(400)], 9).tolist())
    assert repeated == pytest.approx((low, high), abs=0.004)
    over_clips = difference_interval(int((net < 0).sum()), int((net > 0).sum()), len(net))
    assert (high - low) / (over_clips[1] - over_clips[0]) == pytest.approx(3, rel=0.05), "the root of nine"


def test_without_known_groups_there_is_no_interval_over_them():
    assert group_interval(np.array([1, 0]), ["", ""]) is None
    assert group_interval(np.array([1, 0]), ["somebody", ""]) is None


@pytest.mark.parametrize(("a", "b"), [(86, 150), (3, 0), (7, 7), (0, 1), (12, 2)])
def test_mcnemar_is_the_binomial_test_of_a_fair_coin(a, b):
    fewer, n = min(a, b), a + b
    tail = sum(comb(n, number) for number in range(fewer + 1)) / 2**n
    assert mcnemar(a, b) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar(a, b) == mcnemar(b, a)


def test_mcnemar_agrees_with_the_usual_chi_square_where_there_are_many():
    # Agresti, Categorical Data Analysis: 150 and 86 of 1600 voters changed their minds, z = 4.17.
    z = (150 - 86) / sqrt(150 + 86)
    assert z == pytest.approx(4.17, abs=0.01)
    assert mcnemar(86, 150) == pytest.approx(2 * norm.sf(z), rel=0.35)


def test_holm_multiplies_the_smallest_by_their_number_and_never_falls_again():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
    assert holm([0.03]) == [0.03]


LABELS = np.repeat([0, 1, 2], [600, 300, 101])


def test_a_sample_has_each_label_in_the_share_of_the_whole():
    drawn = sample(LABELS, 97, seed=0)
    assert len(set(drawn.tolist())) == len(drawn) == 97
    assert (np.diff(drawn) > 0).all()
    assert np.abs(np.bincount(LABELS[drawn]) - 97 * np.bincount(LABELS) / len(LABELS)).max() < 1


def test_one_seed_draws_one_sample_and_a_larger_one_holds_it():
    small, large = (set(sample(LABELS, n, seed=0).tolist()) for n in (100, 400))
    assert len(small - large) <= 3, "a clip a label may be rounded away"
    np.testing.assert_array_equal(sample(LABELS, 97, seed=0), sample(LABELS, 97, seed=0))
    assert not np.array_equal(sample(LABELS, 97, seed=0), sample(LABELS, 97, seed=1))
    for n in (None, 9999):
        np.testing.assert_array_equal(sample(LABELS, n), np.arange(len(LABELS)))
