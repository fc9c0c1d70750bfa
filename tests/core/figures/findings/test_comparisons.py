"""Models beside each other: a difference is claimed only where chance would hardly make it."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import LABELS
from core.figures.findings import comparisons as findings
from core.figures.style import NBSP
from core.records.cost import Cost, RunCost, Weights
from core.records.evaluation import Scores
from core.statistics import share_interval
from core.studies.comparison import compare
from core.studies.grid_table import Factors, Score, summarise
from tests.evaluations import evaluation_of, sure_answers


def plain(text):
    return text.replace(NBSP, " ")


def evaluated(run, right, n=400):
    """A run that gets the first ``right`` clips of "yes" and "no" right, and calls the others "go"."""
    truth = [LABELS.index("yes" if at % 2 else "no") for at in range(n)]
    answers = [label if at < right else LABELS.index("go") for at, label in enumerate(truth)]
    return replace(evaluation_of(truth, sure_answers(truth, answers)), run=run)


def differences(*rights):
    return compare([evaluated("base", 300), *(evaluated(f"run {right}", right) for right in rights)])


def scores(right, n=100):
    return Scores(n, 1.0, right / n, share_interval(right, n), 0.09, "down", (), *[0.6] * 9)


def test_a_clear_gain_is_said_with_its_interval_and_its_direction():
    (better,), (worse,) = differences(340), differences(260)
    low, high = (100 * end for end in better.interval)
    assert (
        findings.gain(better) == f"run 340 is 10.0 points better than base ({low:.1f} to {high:.1f}), more than chance."
    )
    assert findings.gain(worse).startswith("run 260 is 10.0 points worse than base (")
    assert findings.gains([better]) == findings.gain(better)


def test_a_difference_that_chance_would_make_is_none():
    (one,) = differences(302)
    assert findings.gain(one).startswith("No clear difference: run 302 +0.5 points (−0.")
    (same,) = differences(300)
    assert findings.gain(same) == "No difference: run 300 and base are right on the very same 400 clips."


def test_of_several_models_those_that_differ_are_counted():
    assert findings.gains(differences(302, 340, 260)).startswith(
        "2 of 3 models differ from base by more than chance, most run 340: 10.0 points better ("
    )
    assert findings.gains(differences(301, 302)).startswith("None of 2 models differs from base")


def test_a_word_is_named_only_if_it_stays_after_correction():
    (clear,), (none,), (same,) = differences(340), differences(302), differences(300)
    assert findings.gains_by_word(clear).startswith("“no” gains most: 10.0 points (")
    assert findings.gains_by_word(clear).endswith("more than chance; so do 1 more.")
    assert findings.gains_by_word(none) == "None of 2 words differs by more than chance would make."
    assert findings.gains_by_word(same).startswith("No word differs")


def test_the_cell_that_changed_most_is_named_and_chance_with_it():
    assert findings.changed_answers(differences(340)[0]) == "Most changed: “no” taken for “go”, 20 clips fewer."
    assert findings.changed_answers(differences(302)[0]).endswith("1 clip fewer, which chance may have made.")
    assert findings.changed_answers(differences(300)[0]).startswith("Both models give every word the same answers")


def test_accuracies_are_told_from_the_highest_to_the_lowest():
    said = plain(findings.accuracies([("a", scores(60)), ("b", scores(90))]))
    assert said == "Highest: b 90.0 % (82.6 to 94.5); lowest: a 60.0 % (50.2 to 69.1)."
    assert findings.accuracies([("a", scores(60)), ("b", scores(60))]).startswith("All are right equally often")
    assert plain(findings.accuracies([("a", scores(60))])) == "a 60.0 % (50.2 to 69.1); always “down” gets 9.0 %."


def cost(run, accuracy):
    return RunCost(run, "linear · D", 200, accuracy, (0.4, 0.6), Cost(Weights(1, 0), Weights(5, 8), 1, 2, 7), None)


def test_the_most_accurate_and_the_cheapest_run_are_named():
    two = [(cost("big", 0.9), 20_000.0), (cost("small", 0.6), 1_500.0)]
    assert plain(findings.costs(two, "trained weights")) == (
        "Most accurate: big, 90.0 % (40.0 to 60.0) for 20 k trained weights; cheapest: small, 60.0 % for 1.5 k."
    )
    assert findings.costs(two[:1], "bytes").startswith("Most accurate: big")
    assert findings.costs([(cost("small", 0.9), 1.0), *two[:1]], "bytes").startswith(
        "Most accurate and cheapest: small"
    )
    assert findings.costs([], "bytes") == findings.NOTHING_MEASURED


def grid(gain, seeds=3, spread=0.01):
    found = [
        Score(
            Factors("linear", "mel", 40, setting),
            seed,
            0.5 + spread * seed + more + 0.001 * seed * (more > 0),
            100,
            1,
            1.0,
        )
        for setting, more in (("A", 0.0), ("D", gain))
        for seed in range(seeds)
    ]
    return summarise(found)


def test_a_gain_over_seeds_is_claimed_only_where_its_interval_does_not_hold_zero():
    assert findings.grid_gains(grid(0.05)).startswith("Learned filters and kernels (D): 5.1 points better than fixed (")
    assert findings.grid_gains(grid(0.05)).endswith("more than chance.")
    assert "no clear difference" in findings.grid_gains(grid(0.0005))
    assert findings.grid_gains(grid(0.05, seeds=1)).startswith(
        "One seed each tells nothing of chance; largest: learned filters and kernels (D) +5.0"
    )
    assert findings.grid_gains([]) == findings.NOTHING_MEASURED


def test_the_best_combination_of_a_grid_is_named():
    assert plain(findings.grid_accuracies(grid(0.05))).startswith("Highest: learned filters and kernels (D) 56.1 % (")
    assert plain(findings.grid_accuracies(grid(0.05))).endswith("lowest: fixed spectrogram (A) 51.0 %.")
    assert findings.grid_accuracies(grid(0.05)[:1]).startswith("One combination alone")


@pytest.mark.parametrize("gain", [-0.05, 0.05])
def test_intervals_stand_in_the_direction_of_what_is_said(gain):
    (one,) = differences(300 + int(400 * gain))
    low, high = (float(end.replace("−", "-")) for end in findings.gain(one).split("(")[1].split(")")[0].split(" to "))
    assert 0 < low < 100 * abs(gain) < high
    assert np.sign(one.gain) == np.sign(gain)
