"""Runs side by side: each keeps its colour, dash and symbol, and what is drawn is what was compared."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures import (
    accuracy_gains,
    compared_change,
    compared_curves,
    compared_filter,
    compared_mel_filters,
    confusion_difference,
    run_accuracies,
    style,
    word_gains,
)
from core.figures.comparison import LOOKS
from core.frontend.mel_scale import gain_and_shape
from core.records.evaluation import Evaluation, Scores
from core.records.filters import Filters
from core.records.training import EpochReport
from core.studies.comparison import Difference, compare
from tests import evaluations
from tests.drawn import text_of

GO, SILENCE = 1, 10


def _traces(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.name == name]


def _evaluation(run: str, answers: np.ndarray, truth: np.ndarray) -> Evaluation:
    files = [f"w/{number:08x}_nohash_0.wav" for number in range(len(truth))]
    return replace(evaluations.evaluation_of(truth, np.eye(12)[answers], files=files), run=run)


@pytest.fixture
def differences() -> tuple[Difference, ...]:
    """Forty clips of each label but silence; "better" gets all of "go" right that "base" takes for "no"."""
    truth = np.repeat([label for label in range(12) if label != SILENCE], 40)
    base = np.where(truth == GO, 3, truth)
    slightly = base.copy()
    slightly[:2] = 5
    return compare(
        [_evaluation("base", base, truth), _evaluation("better", truth, truth), _evaluation("worse", slightly, truth)]
    )


def test_accuracies_are_drawn_in_percent_with_their_intervals_and_the_baseline(scores: Scores) -> None:
    figure = run_accuracies([("one", scores), ("two", replace(scores, accuracy=0.7))], "official")
    (one,) = _traces(figure, "one")
    assert (one.x[0], one.y[0]) == (60, "one")
    assert (one.error_x.array[0], one.error_x.arrayminus[0]) == (pytest.approx(9), pytest.approx(10))
    assert figure.layout.shapes[0].x0 == pytest.approx(9)
    assert figure.layout.xaxis.title.text == "Accuracy (%)"
    assert "official test set" in text_of(figure)
    assert "n = 110 clips" in text_of(figure)
    assert "“down”, 9.0 %" in text_of(figure)


def test_gains_are_drawn_with_both_intervals_and_zero_in_sight(differences: tuple[Difference, ...]) -> None:
    figure = accuracy_gains(differences)
    clips, speakers = _traces(figure, "over clips"), _traces(figure, "over speakers")
    assert [trace.x[0] for trace in clips] == [trace.x[0] for trace in speakers]
    assert clips[0].x[0] == pytest.approx(100 * 40 / 440)
    low, high = differences[0].interval
    assert clips[0].x[0] - clips[0].error_x.arrayminus[0] == pytest.approx(100 * low)
    assert clips[0].x[0] + clips[0].error_x.array[0] == pytest.approx(100 * high)
    first, last = figure.layout.xaxis.range
    assert first < 0 < last
    assert list(figure.layout.yaxis.ticktext) == ["better", "worse"]
    assert "Gain over base" in text_of(figure)
    nameless = tuple(replace(each, speaker_interval=None) for each in differences)
    assert not _traces(accuracy_gains(nameless), "over speakers")


def test_words_that_clearly_differ_are_filled_and_those_without_clips_left_out(
    differences: tuple[Difference, ...],
) -> None:
    figure = word_gains(differences[0])
    (clear,), (chance,) = _traces(figure, "clear"), _traces(figure, "may be chance")
    assert (list(clear.y), list(clear.x)) == (["go (40)"], [100])
    assert set(chance.x) == {0}
    assert not any("silence" in word for word in (*clear.y, *chance.y))
    assert "only better right: 40" in clear.text[0]
    assert clear.marker.symbol != chance.marker.symbol


def test_the_confusion_difference_is_centred_on_zero(differences: tuple[Difference, ...]) -> None:
    figure = confusion_difference(differences[0])
    (heat,), (cells,) = _traces(figure, "difference"), _traces(figure, "cells")
    assert heat.zmin == -heat.zmax
    assert heat.z[GO][GO] == 100
    assert heat.z[GO][3] == -100
    assert np.isnan(heat.z[SILENCE]).all()
    assert (heat.text[GO][GO], heat.text[GO][3], heat.text[0][0]) == ("+100", "−100", "")
    at = [tuple(cell) for cell in cells.customdata].index(("go", "no", -40))
    assert "40 fewer of 40 clips of “go” heard as “no”" in cells.text[at]
    counts = confusion_difference(differences[0], normalised=False)
    assert _traces(counts, "difference")[0].z[GO][GO] == 40


def test_every_run_has_curves_in_its_own_look(make_reports: Callable[..., list[EpochReport]]) -> None:
    reports = {"one": make_reports(4, every=2), "two": make_reports(3), "three": []}
    figure = compared_curves(reports)
    accuracy, loss = _traces(figure, "one")
    assert list(accuracy.x) == [2, 4], "only epochs that were validated"
    assert list(accuracy.y) == pytest.approx([50, 70])
    assert list(loss.y) == pytest.approx([1.25, 0.625])
    looks = {(trace.line.color, trace.line.dash, trace.marker.symbol) for trace in figure.data}
    assert looks == set(LOOKS[:3])
    trained = compared_curves(reports, on_training_clips=True)
    assert list(_traces(trained, "one")[0].x) == [1, 2, 3, 4]
    assert "No epoch" in text_of(compared_curves({"one": []}))
    assert [axis.title.text for axis in (figure.layout.yaxis, figure.layout.yaxis2)] == ["Accuracy (%)", "Loss (nats)"]


def test_no_two_runs_look_alike_nor_like_the_initial_filters() -> None:
    for part in range(3):
        assert len({look[part] for look in LOOKS}) == len(LOOKS)
    assert style.INITIAL_LINE["dash"] not in {dash for _, dash, _ in LOOKS}


def test_filters_that_began_alike_share_one_initial_line(trained: Filters, untrained: Filters) -> None:
    both = {"D": trained, "A": untrained}
    figure = compared_mel_filters(both, {"D": 4, "A": 0})
    assert [trace.name for trace in figure.data] == ["initial", "D", "A"]
    assert figure.data[0].line.color == style.INITIAL_UNDER["color"]
    assert [trace.line.color for trace in figure.data[1:]] == [LOOKS[4][0], LOOKS[0][0]]
    up = np.asarray(figure.data[1].y).reshape(40, -1)[:, :-1]
    np.testing.assert_allclose(up, trained.learned.mel_basis)
    wider = replace(untrained, initial=replace(untrained.initial, mel_basis=2 * untrained.initial.mel_basis))
    names = [trace.name for trace in compared_mel_filters({"D": trained, "wide": wider}).data]
    assert names == ["initial of D", "initial of wide", "D", "wide"]


def test_one_kernel_answers_its_own_tone_and_its_gain_can_be_taken_out(trained: Filters, untrained: Filters) -> None:
    figure = compared_filter({"D": trained, "A": untrained}, "stft", 60)
    initial, learned, fixed = figure.data
    peak = int(np.argmax(initial.y))
    assert initial.x[peak] == pytest.approx(60 * 16_000 / 480)
    assert initial.y[peak] == pytest.approx(0)
    np.testing.assert_array_equal(fixed.y, initial.y)
    assert max(learned.y) == pytest.approx(20 * np.log10(0.5), abs=0.5), "its kernels were halved"
    same = compared_filter({"D": trained}, "stft", 60, same_gain=True).data[1]
    assert max(same.y) == pytest.approx(0, abs=0.6)


def test_a_mel_filter_is_drawn_as_it_is_where_a_run_has_it(trained: Filters) -> None:
    (initial, learned) = compared_filter({"D": trained}, "mel", 7).data
    np.testing.assert_allclose(learned.y, trained.learned.mel_basis[7])
    np.testing.assert_allclose(initial.y, trained.initial.mel_basis[7])
    assert not compared_filter({"D": trained}, "mel", 99).data


def test_gain_and_shape_are_shown_apart(trained: Filters, broken: Filters) -> None:
    figure = compared_change({"D": trained}, "mel")
    gain, shape = gain_and_shape(trained.initial.mel_basis, trained.learned.mel_basis)
    np.testing.assert_allclose(figure.data[0].y, gain, rtol=1e-5)
    np.testing.assert_allclose(figure.data[1].y, 100 * shape, rtol=1e-5)
    assert figure.layout.yaxis.title.text == "Gain (×)"
    assert figure.layout.yaxis2.title.text == "Shape change (%)"
    kernels = compared_change({"D": broken}, "stft")
    assert np.isnan(kernels.data[0].y[[10, 20]]).all(), "silent and broken kernels are gaps"
    assert kernels.layout.xaxis2.title.text == "STFT bin (number)"


def test_figures_of_broken_filters_can_be_sent_to_a_browser(broken: Filters) -> None:
    for figure in (
        compared_mel_filters({"b": broken}),
        compared_filter({"b": broken}, "mel", 12),
        compared_filter({"b": broken}, "stft", 20, same_gain=True),
        compared_change({"b": broken}, "mel"),
    ):
        assert figure.to_json()
