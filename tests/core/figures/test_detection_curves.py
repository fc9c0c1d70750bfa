"""ROC, DET and the cost of a threshold: axes, emphasis and the plotted points."""

import numpy as np
import plotly.graph_objects as go
import pytest
from scipy.stats import norm

from core.figures import det_curves, roc_curves, threshold_cost_curves
from core.metrics import DetectionCurve, detection_curves, threshold_costs
from core.records.evaluation import Evaluation
from core.statistics import wilson
from tests.drawn import trace_of
from tests.evaluations import evaluation_of, random_evaluation, sure_answers


@pytest.fixture(scope="module")
def made() -> Evaluation:
    return random_evaluation(400)


@pytest.fixture(scope="module")
def curves(made: Evaluation) -> tuple[DetectionCurve, ...]:
    return detection_curves(made)


def _of(figure: go.Figure, label: str) -> go.Scatter:
    (found,) = [trace for trace in figure.data if trace.meta == label]
    return found


def test_roc_draws_what_was_found_against_what_was_taken_for_it(curves: tuple[DetectionCurve, ...]) -> None:
    figure = roc_curves(curves, chosen="go")
    for curve in curves:
        line = _of(figure, curve.label)
        np.testing.assert_allclose(line.x, 100 * curve.false_alarms)
        np.testing.assert_allclose(line.y, 100 - 100 * curve.misses)
    star = trace_of(figure, "equal errors")
    assert star.x[0] + star.y[0] == pytest.approx(100)


def test_det_stretches_both_axes_by_the_normal_distribution(curves: tuple[DetectionCurve, ...]) -> None:
    figure = det_curves(curves, chosen="go")
    for curve in curves:
        line = _of(figure, curve.label)
        inside = (curve.misses > 0) & (curve.misses < 1) & (curve.false_alarms > 0) & (curve.false_alarms < 1)
        np.testing.assert_allclose(np.asarray(line.x)[inside], norm.ppf(curve.false_alarms[inside]))
        np.testing.assert_allclose(np.asarray(line.y)[inside], norm.ppf(curve.misses[inside]))
        assert np.isfinite(line.x).all()
        assert np.isfinite(line.y).all()
    axis = figure.layout.xaxis
    np.testing.assert_allclose(norm.cdf(axis.tickvals), [float(text) / 100 for text in axis.ticktext])
    star = trace_of(figure, "equal errors")
    assert star.x[0] == pytest.approx(star.y[0])


@pytest.mark.parametrize("draw", [roc_curves, det_curves])
def test_the_chosen_word_is_strong_and_one_entry_stands_for_the_rest(draw, curves: tuple[DetectionCurve, ...]) -> None:
    figure = draw(curves, chosen="go")
    assert _of(figure, "go").line.width > 2 * _of(figure, "no").line.width
    assert _of(figure, "go").opacity == 1 > _of(figure, "no").opacity
    entries = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert sorted(entries) == ["equal errors", "go", "other words"]
    plain = draw(curves)
    entries = [trace.name for trace in plain.data if trace.showlegend is not False]
    assert entries == [curve.label for curve in curves]


@pytest.mark.parametrize("draw", [roc_curves, det_curves])
def test_no_curves_and_perfect_ones_can_be_drawn(draw) -> None:
    assert "No keyword" in draw(()).layout.annotations[0].text
    truth = [0, 0, 1, 1]
    figure = draw(detection_curves(evaluation_of(truth, sure_answers(truth, truth))), chosen="down")
    assert np.isfinite(np.asarray(_of(figure, "down").x, dtype=float)).all()


def test_costs_are_shares_of_the_clips_that_count_with_their_bands(made: Evaluation) -> None:
    costs = threshold_costs(made, "yes")
    figure = threshold_cost_curves(costs, threshold=0.7)
    np.testing.assert_allclose(trace_of(figure, "misses").y, 100 * costs.misses / costs.n)
    np.testing.assert_allclose(trace_of(figure, "false alarms").y, 100 * costs.false_alarms / costs.n_others)
    bands = [trace for trace in figure.data if trace.name == "interval"]
    low, high = wilson(costs.misses, costs.n)
    np.testing.assert_allclose(bands[0].y, 100 * np.concatenate([high, low[::-1]]))
    assert {shape.x0 for shape in figure.layout.shapes} == {70}
    assert not threshold_cost_curves(costs).layout.shapes
