"""Accuracy by speaker and by quarter."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from core.metrics import chance_of_differences, group_scores, quartile_scores


def test_groups_are_counted_the_worst_first_and_clips_without_a_group_left_out():
    right = np.array([True, False, False, True, True, True, False])
    groups = group_scores(right, ["a", "a", "b", "c", "c", "", "d"])
    assert [(group.name, group.n, group.right) for group in groups] == [
        ("b", 1, 0),
        ("d", 1, 0),
        ("a", 2, 1),
        ("c", 2, 2),
    ]
    assert groups[2].interval == (pytest.approx(0.0945, abs=1e-4), pytest.approx(0.9055, abs=1e-4))
    assert group_scores(right, [""] * 7) == ()


def test_groups_that_really_differ_do_so_by_more_than_chance():
    random = np.random.default_rng(0)
    names = [str(number % 20) for number in range(1000)]
    alike = random.random(1000) < 0.7
    bad = np.where(np.array(names) == "3", random.random(1000) < 0.3, alike)
    strata = random.integers(0, 12, 1000)
    assert chance_of_differences(bad, names, strata, shuffles=300) < 0.01
    assert chance_of_differences(alike, names, strata, shuffles=300) > 0.05


def test_with_one_stratum_the_chance_is_about_that_of_a_chi_squared_test():
    random = np.random.default_rng(5)
    names = random.integers(0, 8, 400)
    right = random.random(400) < np.where(names == 0, 0.62, 0.75)
    table = np.array([np.bincount(names, weights=right), np.bincount(names, weights=~right)])
    expected = chi2_contingency(table, correction=False).pvalue
    found = chance_of_differences(right, names.astype(str).tolist(), np.zeros(400, int))
    assert 0.02 < expected < 0.98
    assert found == pytest.approx(expected, abs=0.05)


def test_who_said_hard_words_is_not_taken_for_hard_to_hear():
    # "b" said only a word that nobody gets across, so exchanging within words finds nothing.
    right = np.array([True] * 50 + [False] * 20 + [False] * 30)
    names = ["a"] * 50 + ["a"] * 20 + ["b"] * 30
    words = np.array([0] * 50 + [1] * 50)
    assert chance_of_differences(right, names, words, shuffles=50) == 1
    assert chance_of_differences(right, names, np.zeros(100, int), shuffles=50) < 0.05


def test_one_group_or_none_cannot_differ():
    assert chance_of_differences(np.array([True, False]), ["a", "a"], np.zeros(2, int)) == 1
    assert chance_of_differences(np.array([True, False]), ["", ""], np.zeros(2, int)) == 1


def test_quarters_hold_equally_many_clips_in_order_of_the_quantity():
    values = np.array([5.0, 1, 8, 3, 2, 7, 4, 6, np.nan, np.nan])
    right = np.array([False, True, False, True, True, False, True, True, True, True])
    quarters = quartile_scores(right, values)
    assert [(one.start, one.end, one.n) for one in quarters] == [(1, 2, 2), (3, 4, 2), (5, 6, 2), (7, 8, 2)]
    assert [one.accuracy for one in quarters] == [1, 1, 0.5, 0]
    assert [one.middle for one in quarters] == [1.5, 3.5, 5.5, 7.5]


def test_a_handful_of_clips_has_no_quarters():
    assert quartile_scores(np.ones(9, bool), np.r_[np.arange(7.0), np.nan, np.inf]) == ()
