"""Training drawn from the first epoch to the last."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures import filter_movement, training_curves
from core.records.training import EpochReport
from tests.drawn import text_of

Make = Callable[..., list[EpochReport]]


def _curves(figure: go.Figure, name: str) -> list[go.Scatter]:
    """Accuracy, then loss."""
    return [trace for trace in figure.data if trace.name == name]


def test_accuracy_is_in_percent_and_loss_as_reported(make_reports: Make) -> None:
    reports = make_reports(5)
    accuracy, loss = _curves(training_curves(reports), "train")
    np.testing.assert_allclose(accuracy.y, [100 * report.train_accuracy for report in reports])
    np.testing.assert_allclose(loss.y, [report.train_loss for report in reports])
    assert (accuracy.yaxis, loss.yaxis) == ("y", "y2")


def test_validation_has_points_only_in_the_epochs_that_were_validated(make_reports: Make) -> None:
    for curve in _curves(training_curves(make_reports(10, every=3)), "validation"):
        assert list(curve.x) == [3, 6, 9]
        assert None not in curve.y
        assert "lines" in curve.mode, "neighbouring checks have to be joined"


def test_training_is_dashed_and_validation_solid_with_markers(make_reports: Make) -> None:
    figure = training_curves(make_reports(10))
    assert {curve.line.dash for curve in _curves(figure, "train")} == {"dash"}
    for curve in _curves(figure, "validation"):
        assert curve.line.dash == "solid"
        assert "markers" in curve.mode


def test_a_single_epoch_is_seen_as_a_point(make_reports: Make) -> None:
    figure = training_curves(make_reports(1, best=1))
    assert all("markers" in trace.mode for trace in figure.data)
    low, high = figure.layout.xaxis.range
    assert low < 1 < high


def test_the_best_epoch_is_marked_and_said(make_reports: Make) -> None:
    figure = training_curves(make_reports(20, best=8))
    (best,) = _curves(figure, "best epoch")
    assert (best.x[0], best.y[0]) == (8, pytest.approx(80))
    assert {shape.x0 for shape in figure.layout.shapes} == {8}
    assert "epoch 8, 80.0 %" in text_of(figure)


def test_the_latest_best_epoch_wins(make_reports: Make) -> None:
    reports = make_reports(9, best=3)[:5] + make_reports(9, best=7)[5:]
    (best,) = _curves(training_curves(reports), "best epoch")
    assert best.x[0] == 7


def test_a_run_that_was_not_validated_yet_says_so(make_reports: Make) -> None:
    figure = training_curves(make_reports(3, every=5))
    assert "Not validated yet" in text_of(figure)
    assert not _curves(figure, "best epoch")


@pytest.mark.parametrize("draw", [training_curves, filter_movement])
def test_without_a_finished_epoch_the_figure_says_so(draw: Callable[..., go.Figure]) -> None:
    assert any("No epoch is finished yet" in note.text for note in draw([]).layout.annotations)


def test_hundreds_of_epochs_get_smaller_markers(make_reports: Make) -> None:
    few, many = (_curves(training_curves(make_reports(n)), "validation")[0] for n in (10, 200))
    assert many.marker.size < few.marker.size


def test_movement_is_in_percent_and_names_what_did_not_move(make_reports: Make) -> None:
    figure = filter_movement(make_reports(4))
    mel, stft = figure.data
    np.testing.assert_allclose(mel.y, [1, 2, 3, 4])
    assert not any(stft.y)
    assert "not moved: STFT kernels" in text_of(figure)
    assert mel.line.dash != stft.line.dash
