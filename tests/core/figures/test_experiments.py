"""Experiments drawn: every number at its place, and what was changed told from initial and learned."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures import style
from core.figures.experiments import (
    CHANGED_COLOUR,
    accuracy_by_change,
    accuracy_on_the_way,
    filter_importance,
    mel_filters_on_the_way,
    selectable_filters,
)
from core.frontend.mel_scale import bin_frequencies, hz_to_mel
from core.records.ablation import Experiment, Findings, Outcome
from core.studies.ablation.between import filters_at, kernel_gains
from tests.drawn import text_of, trace_of


def outcome(name, correct, won, lost, place=None, n=1000):
    return Outcome(name, place, n, correct, won, lost)


def findings(kind, outcomes, n_all=1000, **options):
    own = outcome("unchanged", 600, 0, 0)
    return Findings(
        Experiment(kind=kind, **options),
        "run",
        "linear",
        "D",
        "Words",
        "official",
        n_all,
        300,
        0.09,
        "stop",
        outcome("as trained", 605, 7, 2),
        own,
        tuple(outcomes),
        1.5,
    )


@pytest.fixture
def way():
    return findings("interpolation", [outcome(f"{i / 10}", 300 + 30 * i, 0, 300 - 30 * i, i / 10) for i in range(11)])


@pytest.fixture
def swap():
    return findings("swap", [outcome("mel filters back to initial", 500, 50, 150), outcome("both back", 610, 60, 50)])


@pytest.fixture
def occlusion():
    return findings("occlusion", [outcome(f"{i}", 600 - i, 0, i, float(i)) for i in range(40)], n_all=2427)


@pytest.fixture
def drawn(way, swap, occlusion, trained):
    return [
        accuracy_on_the_way(way, step=0.5),
        mel_filters_on_the_way(trained, 0.5),
        accuracy_by_change(swap),
        selectable_filters(trained, bins=(25, 26), mels=(3,)),
        filter_importance(occlusion, trained),
    ]


def test_figures_survive_json_name_their_axes_and_bring_their_own_ground(drawn):
    for figure in drawn:
        assert go.Figure(json.loads(figure.to_json())).layout.title.text.startswith("<b>")
        assert figure.layout.template.layout.paper_bgcolor == "#ffffff"
        for name in figure.layout:
            axis = figure.layout[name]
            if name.startswith("xaxis") and not axis.title.text:
                assert axis.matches or axis.showticklabels is False
            elif name.startswith("xaxis"):
                assert "(" in axis.title.text


def test_every_step_stands_at_its_accuracy_inside_its_interval(way):
    figure = accuracy_on_the_way(way, step=0.25)
    np.testing.assert_allclose(trace_of(figure, "accuracy").x, np.linspace(0, 1, 11))
    np.testing.assert_allclose(trace_of(figure, "accuracy").y, np.linspace(30, 60, 11))
    band = trace_of(figure, "95 % interval").y
    low, high = way.outcomes[3].interval
    assert (band[3], band[-4]) == pytest.approx((100 * high, 100 * low))
    assert list(trace_of(figure, "looked at").y) == pytest.approx([37.5])
    colours = trace_of(figure, "accuracy").marker.color
    assert (colours[0], colours[-1]) == (style.INITIAL_COLOUR, style.LEARNED_COLOUR)
    assert "Official test set, 1,000 clips, 95 % intervals" in text_of(figure)


def test_the_filters_of_a_step_are_drawn_over_initial_and_learned_ones(trained):
    figure = mel_filters_on_the_way(trained, 0.3)
    now = filters_at(trained, 0.3)
    drawn = trace_of(figure, "at this step")
    heights = np.array(drawn.y).reshape(40, -1)[:, :-1]
    np.testing.assert_allclose(heights, now.learned.mel_basis, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(
        np.array(drawn.x).reshape(40, -1)[0, :-1], hz_to_mel(bin_frequencies(480, 16_000)), rtol=1e-5
    )
    np.testing.assert_allclose(trace_of(figure, "kernel gain").y, kernel_gains(now))
    assert drawn.line.color == CHANGED_COLOUR
    assert trace_of(figure, "initial").line.color == style.INITIAL_COLOUR
    assert trace_of(figure, "learned").line.color == style.LEARNED_COLOUR
    assert "median shape change" in text_of(figure)


def test_changes_stand_beside_the_learned_basis_with_both_intervals(swap):
    figure = accuracy_by_change(swap)
    accuracy, difference = trace_of(figure, "accuracy"), trace_of(figure, "difference")
    np.testing.assert_allclose(accuracy.x, [60, 50, 61])
    np.testing.assert_allclose(difference.x, [-10, 1])
    low, high = swap.outcomes[0].difference_interval
    assert difference.x[0] - difference.error_x.arrayminus[0] == pytest.approx(100 * low)
    assert difference.x[0] + difference.error_x.array[0] == pytest.approx(100 * high)
    assert "150 clips lost, 50 won" in difference.customdata[0]
    assert accuracy.marker.symbol[0] != accuracy.marker.symbol[1]


def test_points_to_select_know_what_they_are_and_the_chosen_ones_are_brought_out(trained):
    figure = selectable_filters(trained, bins=range(25, 50), mels=(3,))
    bins, mels = trace_of(figure, "STFT bins"), trace_of(figure, "mel filters")
    assert [list(point) for point in bins.customdata[:2]] == [["bin", 0], ["bin", 1]]
    assert list(mels.customdata[39]) == ["mel", 39]
    assert [number for number, colour in enumerate(bins.marker.color) if colour == CHANGED_COLOUR] == list(
        range(25, 50)
    )
    assert [number for number, colour in enumerate(mels.marker.color) if colour == CHANGED_COLOUR] == [3]
    assert set(trace_of(figure, "silenced").customdata) == {3}
    assert figure.layout.dragmode == "select"
    assert "25 of 241 STFT bins, 1 of 40 mel filters" in text_of(figure)


def test_each_filter_stands_over_its_peak_with_what_it_is_worth(occlusion, trained):
    figure = filter_importance(occlusion, trained)
    worth = trace_of(figure, "worth")
    np.testing.assert_allclose(worth.y, np.arange(40) / 10)
    peaks = bin_frequencies(480, 16_000)[trained.learned.mel_basis.argmax(axis=1)]
    np.testing.assert_allclose(worth.x, hz_to_mel(peaks))
    low, high = occlusion.outcomes[30].difference_interval
    assert worth.y[30] + worth.error_y.array[30] == pytest.approx(-100 * low)
    assert worth.y[30] - worth.error_y.arrayminus[30] == pytest.approx(-100 * high)
    assert worth.marker.symbol[0] == "circle-open"
    assert worth.marker.symbol[39] == "circle"
    assert np.nanmax(trace_of(figure, "learned").y) == 1
    assert "1,000 of 2,427 clips (a sample)" in text_of(figure)


def test_silent_and_broken_filters_can_be_drawn(broken, occlusion):
    for figure in (
        mel_filters_on_the_way(broken, 0.5),
        selectable_filters(broken),
        filter_importance(occlusion, broken),
    ):
        json.loads(figure.to_json())


def test_inputs_are_left_alone(way, trained):
    before = trained.learned.mel_basis.copy()
    mel_filters_on_the_way(trained, 0.5)
    selectable_filters(trained)
    assert accuracy_on_the_way(way).to_json() == accuracy_on_the_way(way).to_json()
    np.testing.assert_array_equal(trained.learned.mel_basis, before)
