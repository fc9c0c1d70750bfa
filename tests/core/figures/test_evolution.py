"""Filters over the epochs: every frame holds its own epoch's filters."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest
import scipy.stats

from core.figures import kernel_evolution, mel_evolution
from core.frontend.mel_scale import gain_and_shape
from core.records.filters import Filters, FilterSnapshot
from core.records.training import EpochReport


@pytest.fixture
def kept(trained: Filters) -> list[FilterSnapshot]:
    """Epochs 0, 4 and 20: the start, half of the way, and the end."""
    start, end = trained.initial, trained.learned
    half = FilterSnapshot(
        4, *((getattr(start, name) + getattr(end, name)) / 2 for name in ("mel_basis", "stft_cos", "stft_sin"))
    )
    return [start, half, end]


def _trace(figure: go.Figure, name: str) -> go.Scatter:
    return next(trace for trace in figure.data if trace.name == name)


def test_each_frame_draws_the_filters_of_its_epoch(
    kept: list[FilterSnapshot], make_reports: Callable[..., list[EpochReport]]
) -> None:
    figure = mel_evolution(kept, make_reports(20), 16_000, chosen=7)
    assert [frame.name for frame in figure.frames] == ["0", "4", "20"]
    for frame, snapshot in zip(figure.frames, kept, strict=True):
        np.testing.assert_allclose(frame.data[0].y.reshape(40, -1)[:, :-1], snapshot.mel_basis)
        np.testing.assert_allclose(frame.data[1].y, snapshot.mel_basis[7])
        assert {figure.data[number].name for number in frame.traces} == {"learned", "this epoch"}
    np.testing.assert_array_equal(_trace(figure, "initial").y.reshape(40, -1)[:, :-1], kept[0].mel_basis)


def test_the_ring_stands_at_the_accuracy_of_the_frames_epoch(
    kept: list[FilterSnapshot], make_reports: Callable[..., list[EpochReport]]
) -> None:
    reports = make_reports(20, every=2)
    figure = mel_evolution(kept, reports, 16_000)
    (accuracy,) = [100 * (one.validation_accuracy or 0) for one in reports if one.epoch == 4]
    ring = figure.frames[1].data[1]
    assert (ring.x[0], ring.y[0]) == (4, pytest.approx(accuracy))
    change = 100 * np.median(gain_and_shape(kept[0].mel_basis, kept[1].mel_basis)[1])
    assert figure.frames[1].data[2].y[0] == pytest.approx(change)
    assert [step.label for step in figure.layout.sliders[0].steps] == ["0", "4", "20"]
    assert figure.layout.sliders[0].active == 2


def test_the_accuracy_has_its_interval_where_the_number_of_clips_is_known(
    kept: list[FilterSnapshot], make_reports: Callable[..., list[EpochReport]]
) -> None:
    reports = make_reports(20)
    figure = mel_evolution(kept, reports, 16_000, n_validation=100)
    accuracy, band = _trace(figure, "validation accuracy"), _trace(figure, "95 % interval")
    expected = scipy.stats.binomtest(round(accuracy.y[-1]), 100).proportion_ci(method="wilson")
    assert (band.y[20], band.y[19]) == pytest.approx((100 * expected.low, 100 * expected.high))
    assert "100 validation clips" in accuracy.text[-1]
    assert len(_trace(mel_evolution(kept, reports, 16_000), "95 % interval").x) == 0


def test_as_shapes_filters_that_only_grew_louder_stand_still(trained: Filters) -> None:
    start = trained.initial
    louder = FilterSnapshot(3, 5 * start.mel_basis, start.stft_cos, start.stft_sin)
    figure = mel_evolution([start, louder], [], 16_000, view="shapes")
    np.testing.assert_allclose(figure.frames[1].data[0].y, figure.frames[0].data[0].y, rtol=1e-5)


def test_a_run_without_reports_or_with_broken_filters_is_drawn(kept: list[FilterSnapshot], broken: Filters) -> None:
    assert mel_evolution([broken.initial, broken.learned], [], 16_000, chosen=12).to_json()
    assert mel_evolution(kept, [], 16_000, shown_epoch=4).layout.sliders[0].active == 1


def test_a_bin_is_drawn_in_decibels_at_every_epoch(kept: list[FilterSnapshot]) -> None:
    figure = kernel_evolution(kept, [], 16_000, 20)
    initial, last = _trace(figure, "initial"), figure.frames[-1].data[0]
    assert initial.y.max() == pytest.approx(0, abs=1e-4)
    assert last.y.max() == pytest.approx(-6.02, abs=0.3), "the fixture's learned kernels are half as loud"
    shapes = kernel_evolution(kept, [], 16_000, 20, view="shapes")
    assert shapes.frames[-1].data[0].y.max() == pytest.approx(0, abs=0.3)
