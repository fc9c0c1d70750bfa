"""Means over seeds, their intervals, and gains that compare the same seeds."""

import csv
import io

import numpy as np
import pytest
from scipy import stats
from scipy.stats import binomtest

from core.statistics import mean_interval
from core.studies.grid_table import BASES, Factors, Score, as_csv, as_records, summarise

A, D = (Factors("linear", "mel", 40, setting) for setting in "AD")


def score(factors, seed, accuracy, n=1000):
    return Score(factors, seed, accuracy, n, epochs=20, seconds=10.0 + seed)


def test_the_interval_of_a_mean_is_scipys():
    values = [0.51, 0.55, 0.52, 0.58]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx((expected.low, expected.high))


def test_a_row_is_the_mean_of_its_seeds_and_one_seed_has_the_interval_of_its_clips():
    three, one = summarise([*(score(A, seed, 0.5 + 0.01 * seed) for seed in range(3)), score(D, 0, 0.6)])
    assert (three.seeds, three.accuracy, three.seconds) == (3, pytest.approx(0.51), pytest.approx(11))
    assert three.interval == pytest.approx(mean_interval([0.50, 0.51, 0.52]))
    expected = binomtest(600, 1000).proportion_ci(0.95, method="wilson")
    assert one.interval == pytest.approx((expected.low, expected.high))


def test_a_gain_compares_the_same_seeds_only():
    fixed = [score(A, 0, 0.50), score(A, 1, 0.40), score(A, 2, 0.45)]
    trained = [score(D, 1, 0.45), score(D, 2, 0.48), score(D, 7, 0.99)]
    row_a, row_d = summarise([*fixed, *trained])
    assert row_a.gain is None
    assert row_d.gain == pytest.approx(np.mean([0.05, 0.03]))
    assert row_d.gain_interval == pytest.approx(mean_interval([0.05, 0.03]))


def test_without_a_fixed_spectrogram_there_is_no_gain():
    (row,) = summarise([score(D, 0, 0.5)])
    assert (row.gain, row.gain_interval) == (None, None)


def test_filters_that_keep_a_shape_are_compared_with_the_textbooks():
    shaped = Factors("linear", "bell", 40, "B")
    rows = summarise([score(A, 0, 0.5), score(shaped, 0, 0.6)])
    assert {row.factors: row.gain for row in rows}[shaped] == pytest.approx(0.1)


def test_random_filters_are_compared_with_random_ones():
    random_a, random_d = (Factors("linear", "random", 40, setting) for setting in "AD")
    rows = summarise([score(A, 0, 0.5), score(random_a, 0, 0.3), score(random_d, 0, 0.45)])
    assert {row.factors: row.gain for row in rows}[random_d] == pytest.approx(0.15)


def test_an_accuracy_never_leaves_its_range():
    (row,) = summarise([score(A, 0, 0.1), score(A, 1, 0.9)])
    assert row.interval == (0.0, 1.0)


def test_tables_for_other_programs_hold_every_row():
    rows = summarise([score(A, 0, 0.5), score(A, 1, 0.52), score(D, 0, 0.6), score(D, 1, 0.61)])
    table = list(csv.DictReader(io.StringIO(as_csv(rows))))
    assert [line["setting"] for line in table] == ["A", "D"]
    assert table[0]["gain"] == ""
    assert float(table[1]["gain"]) == pytest.approx(0.095)
    records = as_records(rows)
    assert records[1]["interval"] == pytest.approx(list(rows[1].interval))
    assert records[0]["gain"] is None


def test_every_basis_differs_in_settings_that_exist():
    from core.config import FrontEndConfig

    assert len({FrontEndConfig(**changes) for _, changes in BASES.values()}) == len(BASES)


def test_what_learns_of_pcen_counts_as_learned():
    varied = (("A", "fixed"), ("A", "learned"), ("B", "learned"))
    plain, learned, both = (Factors("linear", "mel", 40, *more) for more in varied)
    rows = summarise([score(plain, 0, 0.5), score(learned, 0, 0.55), score(both, 0, 0.6)])
    assert [row.factors for row in rows] == [plain, learned, both]
    assert [row.gain for row in rows] == [None, pytest.approx(0.05), pytest.approx(0.1)]
    assert both.title == "40 textbook mel filters, learned PCEN"
