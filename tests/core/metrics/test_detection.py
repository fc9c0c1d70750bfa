"""One keyword against the rest, against scikit-learn, scipy and counting clip by clip."""

import numpy as np
import pytest
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import det_curve, roc_auc_score, roc_curve

from core.config import KEYWORDS, LABELS
from core.metrics import detection_curves, threshold_costs
from tests.evaluations import evaluation_of, random_evaluation, sure_answers


@pytest.fixture(scope="module")
def evaluation():
    return random_evaluation(600)


def test_the_curves_are_scikit_learns(evaluation):
    curves = detection_curves(evaluation)
    assert [curve.label for curve in curves] == list(KEYWORDS)
    for curve in curves:
        is_it = evaluation.truth == LABELS.index(curve.label)
        sure = evaluation.probabilities[:, LABELS.index(curve.label)].astype(float)
        false_alarms, found, _ = roc_curve(is_it, sure)
        np.testing.assert_allclose(curve.false_alarms, false_alarms)
        np.testing.assert_allclose(curve.misses, 1 - found)
        assert curve.auc == pytest.approx(roc_auc_score(is_it, sure))
        assert (curve.n, curve.n_others) == (is_it.sum(), (~is_it).sum())
        # DET is the same curve with other axes; ROC keeps its corners only.
        alarms, misses, _ = det_curve(is_it, sure)
        there = set(zip(alarms.round(9), misses.round(9), strict=True))
        inside = (curve.false_alarms > 0) & (curve.misses > 0)
        assert inside.sum() > 10
        assert there.issuperset(zip(curve.false_alarms[inside].round(9), curve.misses[inside].round(9), strict=True))


def test_the_equal_error_rate_is_where_scipy_finds_the_crossing(evaluation):
    for curve in detection_curves(evaluation):
        found = interp1d(curve.false_alarms, 1 - curve.misses)
        expected = brentq(lambda share, found=found: 1 - share - found(share), 0, 1)
        assert curve.eer == pytest.approx(expected, abs=1e-9)
        sure = evaluation.probabilities[:, LABELS.index(curve.label)]
        is_it = evaluation.truth == LABELS.index(curve.label)
        missed, alarms = (sure[is_it] < curve.eer_threshold).mean(), (sure[~is_it] >= curve.eer_threshold).mean()
        assert missed == pytest.approx(curve.eer, abs=2 / is_it.sum())
        assert alarms == pytest.approx(curve.eer, abs=2 / is_it.sum())


def test_words_told_apart_perfectly_have_no_equal_errors_and_reversed_ones_nothing_else():
    truth = [0] * 5 + [1] * 5
    right = detection_curves(evaluation_of(truth, sure_answers(truth, truth)))
    assert [(curve.label, curve.eer, curve.auc) for curve in right] == [("down", 0, 1), ("go", 0, 1)]
    assert all(0 <= curve.eer_threshold <= 1 for curve in right)
    wrong = detection_curves(evaluation_of(truth, sure_answers(truth, truth[::-1])))
    assert [(curve.eer, curve.auc) for curve in wrong] == [(1, 0), (1, 0)]


def test_equal_probabilities_for_all_are_guessing():
    truth = [0, 1] * 10
    (down, _) = detection_curves(evaluation_of(truth, np.full((20, 12), 1 / 12)))
    assert (down.eer, down.auc) == (0.5, 0.5)


def test_a_word_without_clips_or_without_others_has_no_curve():
    assert detection_curves(evaluation_of([0, 0], sure_answers([0, 0], [0, 1]))) == ()


def test_costs_are_those_counted_clip_by_clip(evaluation):
    costs = threshold_costs(evaluation, "go")
    number = LABELS.index("go")
    assert (costs.thresholds[0], costs.thresholds[-1]) == (0, 1)
    for at in range(0, len(costs.thresholds), 20):
        threshold = costs.thresholds[at]
        accepted = [
            row.argmax() == number and row[number] >= threshold for row in evaluation.probabilities.astype(float)
        ]
        pairs = list(zip(evaluation.truth == number, accepted, strict=True))
        assert costs.misses[at] == sum(is_it and not yes for is_it, yes in pairs)
        assert costs.false_alarms[at] == sum(yes and not is_it for is_it, yes in pairs)
        assert costs.place(threshold) == at


def test_without_a_threshold_the_costs_are_those_of_the_confusion_matrix(evaluation):
    costs = threshold_costs(evaluation, "yes")
    number = LABELS.index("yes")
    assert costs.misses[0] == evaluation.confusion[number].sum() - evaluation.confusion[number, number]
    assert costs.false_alarms[0] == evaluation.confusion[:, number].sum() - evaluation.confusion[number, number]
    assert (np.diff(costs.misses) >= 0).all()
    assert (np.diff(costs.false_alarms) <= 0).all()
    low, high = costs.misses_interval(0)
    assert low <= costs.misses[0] / costs.n <= high
