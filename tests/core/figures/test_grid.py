"""Accuracy and gain of a grid, drawn so that settings can be told apart and intervals be seen."""

import pytest

from core.figures import grid_accuracy, grid_gains
from core.studies.grid_table import Factors, Score, summarise

ACCURACY = {"A": 0.50, "B": 0.53, "C": 0.51, "D": 0.56}


def rows(models=("linear",), bases=("mel",), n_mels=(10, 40), seeds=3):
    return summarise(
        Score(Factors(model, basis, mels, setting), seed, accuracy + 0.01 * seed + 0.0002 * seed * mels, 2427, 20, 5.0)
        for model in models
        for basis in bases
        for mels in n_mels
        for setting, accuracy in ACCURACY.items()
        for seed in range(seeds)
    )


def named(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def test_a_mark_is_the_mean_with_its_interval():
    found = rows()
    (trace,) = named(grid_accuracy(found), "Learned filters and kernels (D)")
    of_d = [row for row in found if row.factors.setting == "D"]
    assert list(trace.y) == pytest.approx([100 * row.accuracy for row in of_d])
    low = [y - minus for y, minus in zip(trace.y, trace.error_y.arrayminus, strict=True)]
    assert low == pytest.approx([100 * row.interval[0] for row in of_d])
    assert "56.0 % of 2,427" not in trace.hovertext[0]  # the mean of the seeds, not of one
    assert "3 seeds, 20 epochs" in trace.hovertext[0]


def test_settings_at_one_number_of_filters_stand_apart_and_differ_by_more_than_colour():
    traces = grid_accuracy(rows()).data
    assert len({trace.x[0] for trace in traces}) == 4
    assert len({trace.marker.symbol for trace in traces}) == 4


def test_there_is_a_panel_for_each_model_and_basis_and_one_legend():
    figure = grid_accuracy(rows(models=("linear", "bcresnet-1"), bases=("mel", "random")))
    headings = [note.text for note in figure.layout.annotations]
    assert len(headings) == 4
    assert "<b>linear, random mel filters</b>" in headings
    assert sum(trace.showlegend for trace in figure.data) == 4


def test_with_one_number_of_filters_the_bases_stand_along_the_axis():
    figure = grid_accuracy(rows(bases=("mel", "random"), n_mels=(40,)))
    assert [text.replace("<br>", " ") for text in figure.layout.xaxis.ticktext] == [
        "textbook mel filters",
        "random mel filters",
    ]
    assert len(figure.layout.annotations) == 1


def test_gains_are_points_above_the_fixed_spectrogram_with_zero_and_the_claim_drawn():
    figure = grid_gains(rows())
    assert not named(figure, "Fixed spectrogram (A)")
    (trace,) = named(figure, "Learned mel filters (B)")
    assert list(trace.y) == pytest.approx([3.0, 3.0])
    assert "+3.0 points against the fixed one" in trace.hovertext[0]
    assert set(named(figure, "no gain")[0].y) == {0}
    assert list(named(figure, "published, at most")[0].y) == pytest.approx([14.2, 14.2])


def test_one_seed_has_no_interval_of_its_gain_and_says_so():
    figure = grid_gains(rows(seeds=1))
    (trace,) = named(figure, "Learned filters and kernels (D)")
    assert list(trace.error_y.array) == [0, 0]
    assert "One seed each" in grid_accuracy(rows(seeds=1)).layout.title.subtitle.text


def test_nothing_measured_is_said():
    for figure in (grid_accuracy([]), grid_gains([])):
        assert figure.layout.annotations[0].text == "Nothing is measured yet."
