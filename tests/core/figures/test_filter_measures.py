"""Gain and shape, places, widths and sensitivity drawn."""

from collections.abc import Callable

import numpy as np
import pytest

from core.figures import band_sensitivity, filter_spans, filter_widths, gain_by_filter, kernel_changes
from core.frontend.filter_facts import band_edges, band_shares, erb_hz, filter_facts
from core.frontend.kernel_facts import kernel_facts
from core.records.filters import Filters
from tests.drawn import text_of, trace_of


def test_gain_and_shape_are_drawn_apart_and_can_be_clicked(trained: Filters) -> None:
    facts = filter_facts(trained)
    figure = gain_by_filter(facts, chosen=4)
    gain, shape = trace_of(figure, "gain"), trace_of(figure, "shape change")
    np.testing.assert_array_equal(gain.y, facts.gain)
    np.testing.assert_allclose(shape.y, 100 * facts.shape)
    assert (gain.yaxis, shape.yaxis) == ("y", "y2")
    assert gain.customdata[4] == 4
    assert gain.marker.size[4] > gain.marker.size[3]


def test_an_unchanged_bank_does_not_look_changed(untrained: Filters) -> None:
    figure = gain_by_filter(filter_facts(untrained))
    assert figure.layout.yaxis.range[0] < np.log10(0.8)
    assert figure.layout.yaxis.range[1] > np.log10(1.2)
    assert figure.layout.yaxis2.range[1] >= 5


def test_gains_of_hundreds_have_marks_on_their_axis(exploded: Filters) -> None:
    ticks = gain_by_filter(filter_facts(exploded)).layout.yaxis.tickvals
    assert 1 in ticks
    assert max(ticks) >= 10


def test_every_bin_has_a_dot_that_says_its_number(trained: Filters) -> None:
    facts = kernel_facts(trained)
    figure = kernel_changes(trained, facts, chosen=20)
    np.testing.assert_array_equal(trace_of(figure, "gain").y, facts.gain)
    assert list(trace_of(figure, "gain").customdata) == list(range(241))
    assert "bin 20 (667" in trace_of(figure, "gain").text[20]


def test_spans_show_where_filters_listen_and_which_changed_places(trained: Filters) -> None:
    learned = trained.initial.mel_basis.copy()
    learned[[20, 21]] = learned[[21, 20]]
    swapped = Filters(trained.initial, type(trained.initial)(1, learned, *_kernels(trained)), 16_000, 480, 160, "B")
    facts = filter_facts(swapped)
    figure = filter_spans(facts, 16_000)
    np.testing.assert_array_equal(trace_of(figure, "learned").x, facts.learned.centre_hz)
    np.testing.assert_array_equal(trace_of(figure, "changed places").y[:2], [20, 21])
    assert not [one for one in filter_spans(filter_facts(_same(trained)), 16_000).data if one.name == "changed places"]


def test_random_filters_cannot_change_places(trained: Filters) -> None:
    noise = np.abs(np.random.default_rng(0).standard_normal((2, 40, 241))).astype(np.float32)
    start, now = (type(trained.initial)(n, noise[n], *_kernels(trained)) for n in (0, 1))
    figure = filter_spans(filter_facts(Filters(start, now, 16_000, 480, 160, "B")), 16_000)
    assert "changed places" not in [trace.name for trace in figure.data]


def test_widths_stand_beside_those_of_the_ear(trained: Filters) -> None:
    facts = filter_facts(trained)
    figure = filter_widths(facts)
    ear = trace_of(figure, "ear (ERB)")
    np.testing.assert_allclose(ear.y, erb_hz(ear.x))
    np.testing.assert_array_equal(trace_of(figure, "initial").y, facts.initial.width_hz)
    assert "Hz" in figure.layout.xaxis.title.text
    assert "Hz" in figure.layout.yaxis.title.text


@pytest.mark.parametrize("bands", ["octaves", "ears"])
def test_sensitivity_is_drawn_in_percent_by_band(trained: Filters, bands: str) -> None:
    edges = band_edges(bands, 16_000)  # type: ignore[arg-type]
    before, after = (band_shares(one.mel_basis, edges, 16_000) for one in (trained.initial, trained.learned))
    figure = band_sensitivity(before, after, edges)
    np.testing.assert_allclose(trace_of(figure, "initial").x, 100 * before)
    assert sum(trace_of(figure, "learned").x) == pytest.approx(100)


def test_the_note_says_where_sensitivity_went() -> None:
    edges = np.array([0.0, 1000.0, 8000.0])
    note = text_of(band_sensitivity(np.array([0.75, 0.25]), np.array([0.5, 0.5]), edges))
    assert note.startswith("25 % of the weight moved to other bands")
    assert "won at 1,000–8,000 Hz" in note
    assert "Nothing moved" in text_of(band_sensitivity(np.array([0.5, 0.5]), np.array([0.5, 0.5]), edges))


@pytest.mark.parametrize("draw", [gain_by_filter, filter_widths, lambda facts: filter_spans(facts, 16_000)])
def test_silent_and_broken_filters_leave_a_figure_that_can_be_sent(broken: Filters, draw: Callable) -> None:
    assert draw(filter_facts(broken)).to_json()


def _kernels(filters: Filters) -> tuple[np.ndarray, np.ndarray]:
    return filters.initial.stft_cos, filters.initial.stft_sin


def _same(filters: Filters) -> Filters:
    return Filters(filters.initial, filters.initial, 16_000, 480, 160, "B")
