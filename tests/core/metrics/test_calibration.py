"""Calibration, against scikit-learn's curve and a case worked out by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from core.metrics import reliability
from tests.evaluations import evaluation_of, random_evaluation, sure_answers


@pytest.mark.parametrize(("binning", "strategy"), [("width", "uniform"), ("clips", "quantile")])
@pytest.mark.parametrize("n_bins", [4, 10])
def test_the_curve_is_scikit_learns(binning, strategy, n_bins):
    evaluation = random_evaluation(500)
    found = reliability(evaluation, binning, n_bins)
    right = evaluation.probabilities.argmax(axis=1) == evaluation.truth
    sure = evaluation.probabilities.max(axis=1).astype(float)
    accuracy, confidence = calibration_curve(right, sure, n_bins=n_bins, strategy=strategy)
    np.testing.assert_allclose(found.accuracy, accuracy)
    np.testing.assert_allclose(found.confidence, confidence)
    assert found.n_clips == 500
    assert found.mean_accuracy == pytest.approx(right.mean())
    for bottom, top, n in zip(found.bottoms, found.tops, found.n, strict=True):
        at_the_bottom = sure >= bottom if bottom == found.bottoms[0] else sure > bottom
        assert n == (at_the_bottom & (sure <= top)).sum()


def test_a_case_worked_out_by_hand():
    # Ten answers with 95 %, of which 8 are right, and four with 55 %, of which 3 are right.
    truth = [0] * 14
    answers = [0] * 8 + [1] * 2 + [0] * 3 + [1]
    probabilities = np.concatenate(
        [sure_answers(truth[:10], answers[:10], 0.95), sure_answers(truth[10:], answers[10:], 0.55)]
    )
    found = reliability(evaluation_of(truth, probabilities))
    assert found.n.tolist() == [4, 10]
    np.testing.assert_allclose(found.accuracy, [0.75, 0.8])
    np.testing.assert_allclose(found.confidence, [0.55, 0.95], rtol=1e-6)
    assert found.ece == pytest.approx((4 * 0.2 + 10 * 0.15) / 14, rel=1e-5)
    expected = binomtest(3, 4).proportion_ci(0.95, method="wilson")
    assert (found.low[0], found.high[0]) == pytest.approx((expected.low, expected.high))


def test_a_calibrated_model_stays_below_chance_and_a_boaster_does_not():
    # The truth is drawn from the answers themselves.
    errors = [reliability(random_evaluation(400, seed=seed)) for seed in range(10)]
    assert sum(found.ece <= found.chance_ece for found in errors) >= 8
    truth = [0] * 300
    boaster = reliability(evaluation_of(truth, sure_answers(truth, [0] * 150 + [1] * 150, 0.99)))
    assert boaster.ece == pytest.approx(0.49, abs=1e-5)
    assert boaster.ece > 5 * boaster.chance_ece


def test_one_clip_and_answers_that_are_all_alike_have_bins():
    for binning in ("width", "clips"):
        found = reliability(evaluation_of([0], sure_answers([0], [0])), binning)
        assert found.n.tolist() == [1]
        found = reliability(evaluation_of([0] * 30, sure_answers([0] * 30, [0] * 30, 1.0)), binning)
        assert found.n_clips == 30
        assert found.ece == 0
