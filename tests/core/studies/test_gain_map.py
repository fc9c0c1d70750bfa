"""What a map says is gained: seed by seed, by one thing at a time, and corrected for being many."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from core.config import from_dict
from core.files.strict import to_json
from core.statistics import holm, mean_interval
from core.studies.gain_map import CLEAN, GainMap, Measured, gains
from core.studies.grid_table import Factors

A = Factors("linear", "mel", 10, "A")
NOISY = "10 dB"


def map_of(*measured):
    return GainMap("g", "words", "official", 2427, 1000, ("babble",), (("linear", 20),), measured)


def test_a_gain_differs_by_one_thing_alone_and_compares_the_seeds_that_both_have():
    fixed_pcen, both = replace(A, pcen="fixed"), replace(A, setting="B", pcen="learned")
    found = gains(
        map_of(
            Measured(A, CLEAN, (0, 1, 2), (0.5, 0.52, 0.48)),
            Measured(replace(A, setting="B"), CLEAN, (1, 2, 3), (0.56, 0.51, 0.9)),
            Measured(fixed_pcen, CLEAN, (0, 1, 2), (0.6, 0.6, 0.6)),
            Measured(both, CLEAN, (0, 1, 2), (0.7, 0.7, 0.7)),
        )
    )
    assert [(one.question, one.factors) for one in found] == [("B", replace(A, setting="B")), ("pcen", fixed_pcen)]
    learned = found[0]
    assert learned.seeds == 2
    assert learned.gain == pytest.approx(0.035)
    assert learned.interval == pytest.approx(mean_interval([0.04, 0.03]))


def test_p_values_are_those_of_scipy_corrected_for_all_gains_and_conditions():
    rng = np.random.default_rng(0)
    measured, expected = [], []
    base = {condition: rng.normal(0.6, 0.01, 8) for condition in (CLEAN, NOISY)}
    for condition, accuracies in base.items():
        measured.append(Measured(A, condition, tuple(range(8)), tuple(accuracies)))
        for setting, gain in (("B", 0.02), ("C", 0.0), ("D", 0.008)):
            theirs = accuracies + rng.normal(gain, 0.01, 8)
            measured.append(Measured(replace(A, setting=setting), condition, tuple(range(8)), tuple(theirs)))
            expected.append(stats.ttest_rel(theirs, accuracies).pvalue)
    found = gains(map_of(*measured))
    assert [one.p for one in found] == pytest.approx(expected)
    assert [one.adjusted_p for one in found] == pytest.approx(holm(expected))
    assert [one.is_clear for one in found] == [one.adjusted_p < 0.05 for one in found]
    assert any(one.is_clear for one in found)


def test_one_seed_tells_no_gain():
    assert gains(map_of(Measured(A, CLEAN, (0,), (0.5,)), Measured(replace(A, setting="B"), CLEAN, (0,), (0.6,)))) == ()


def test_a_map_comes_back_from_its_json():
    import json

    found = map_of(Measured(A, CLEAN, (0, 1), (0.5, 0.25)), Measured(A, NOISY, (0,), (0.1,)))
    assert from_dict(GainMap, json.loads(to_json(found.to_dict()))) == found
    assert found.conditions == (CLEAN, NOISY)
