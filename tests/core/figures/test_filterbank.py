"""The mel filters drawn, whatever became of them."""

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures import (
    mel_change,
    mel_filters,
    mel_heatmaps,
    one_mel_filter,
    overlaid_mel_filters,
    overview_picture,
)
from core.figures.style import INITIAL_COLOUR, INITIAL_UNDER, LEARNED_COLOUR
from core.frontend.mel_scale import bin_frequencies, filter_bands
from core.records.filters import Filters
from tests.drawn import text_of, trace_of


def _headings(figure: go.Figure) -> str:
    return " ".join(annotation.text for annotation in figure.layout.annotations)


def test_every_weight_is_drawn_at_its_frequency_with_gaps_between_filters(trained: Filters) -> None:
    figure = mel_filters(trained)
    for name, snapshot in (("initial", trained.initial), ("learned", trained.learned)):
        trace = trace_of(figure, name)
        heights, hz = trace.y.reshape(40, -1), trace.x.reshape(40, -1)
        np.testing.assert_array_equal(heights[:, :-1], snapshot.mel_basis)
        np.testing.assert_allclose(hz[7, :-1], bin_frequencies(480, 16_000))
        assert np.isnan(heights[:, -1]).all()
        numbers, along = trace.customdata.reshape(40, -1, 2).transpose(2, 0, 1)
        np.testing.assert_array_equal(numbers[:, 0], np.arange(40))
        np.testing.assert_allclose(along[7, :-1], hz[7, :-1], atol=0.5)


def test_on_the_axis_of_pitch_the_initial_triangles_are_equally_wide(trained: Filters) -> None:
    trace = trace_of(mel_filters(trained, axis="mel"), "initial")
    peaks = trace.x.reshape(40, -1)[np.arange(40), trace.y.reshape(40, -1)[:, :-1].argmax(axis=1)]
    np.testing.assert_allclose(np.diff(peaks), 45.245 / 41, atol=0.55)  # 8,000 Hz are 45.245 mel (Slaney)
    axis = overlaid_mel_filters(trained, axis="mel").layout.xaxis
    assert "Hz" in axis.title.text
    assert dict(zip(axis.ticktext, axis.tickvals, strict=True))["1k"] == pytest.approx(15)


def test_every_filter_has_a_dot_on_its_peak_that_can_be_clicked(trained: Filters, broken: Filters) -> None:
    dots = trace_of(overlaid_mel_filters(trained), "learned peaks")
    np.testing.assert_array_equal(dots.y, trained.learned.mel_basis.max(axis=1))
    assert [number for number, _ in dots.customdata] == list(range(40))
    heard = [number for number, _ in trace_of(overlaid_mel_filters(broken), "learned peaks").customdata]
    assert heard == [number for number in range(40) if number not in (7, 12)]
    centres = trace_of(mel_heatmaps(trained), "initial centres")
    assert [number for number, _ in centres.customdata] == list(centres.y)


def test_the_ears_bandwidth_lies_around_the_learned_centre(trained: Filters, broken: Filters) -> None:
    bar = trace_of(one_mel_filter(trained, 12), "ear's bandwidth")
    assert bar.x[2] - bar.x[0] == pytest.approx(24.7 * (4.37 * bar.x[1] / 1000 + 1))
    assert "ear's bandwidth" not in [trace.name for trace in one_mel_filter(broken, 7).data]


def test_random_filters_are_not_called_triangles(trained: Filters) -> None:
    noise = np.abs(np.random.default_rng(0).standard_normal((40, 241))).astype(np.float32)
    start = type(trained.initial)(0, noise, trained.initial.stft_cos, trained.initial.stft_sin)
    assert "no order" in _headings(mel_filters(Filters(start, start, 16_000, 480, 160, "B")))
    assert "triangles" in _headings(mel_filters(trained))


@pytest.mark.parametrize(
    "draw",
    [mel_filters, overlaid_mel_filters, overview_picture, lambda f: one_mel_filter(f, 3)],
)
def test_initial_is_grey_and_dashed_and_learned_blue_and_solid(draw: object, trained: Filters) -> None:
    figure = draw(trained)  # type: ignore[operator]
    for trace in figure.data:
        if trace.mode == "markers":
            assert trace.marker.color == (INITIAL_COLOUR if trace.name.startswith("initial") else LEARNED_COLOUR)
        elif "ear" in trace.name:
            continue
        elif trace.name.startswith("initial"):
            assert trace.line.color in (INITIAL_COLOUR, INITIAL_UNDER["color"])
            assert trace.line.dash != "solid"
        else:
            assert (trace.line.color, trace.line.dash) == (LEARNED_COLOUR, "solid")


def test_overlaid_filters_share_one_panel_and_hold_every_weight(trained: Filters) -> None:
    figure = overlaid_mel_filters(trained)
    for name, snapshot in (("initial", trained.initial), ("learned", trained.learned)):
        trace = trace_of(figure, name)
        np.testing.assert_array_equal(trace.y.reshape(40, -1)[:, :-1], snapshot.mel_basis)
        assert trace.yaxis in (None, "y")
    assert figure.layout.xaxis.title.text == "Frequency (Hz)"
    assert figure.layout.yaxis.title.text == "Weight (no unit)"


def test_initial_filters_dwarfed_by_learned_ones_are_drawn_enlarged_and_say_so(exploded: Filters) -> None:
    (enlarged,) = [one for one in overlaid_mel_filters(exploded).data if one.name.startswith("initial")]
    assert "drawn ×" in enlarged.name
    assert np.nanmax(enlarged.y) == pytest.approx(exploded.learned.mel_basis.max(), rel=1e-5)


def test_the_close_up_shows_the_part_where_the_filter_hears(trained: Filters, broken: Filters) -> None:
    low, high = one_mel_filter(Filters(trained.initial, trained.initial, 16_000, 480, 160, "B"), 3).layout.xaxis.range
    heard = bin_frequencies(480, 16_000)[trained.initial.mel_basis[3] > 0]
    assert low < heard.min()
    assert heard.max() < high < 1500
    assert one_mel_filter(broken, 7).layout.xaxis.range[1] <= 8000


def test_a_chosen_filter_is_drawn_on_top_of_the_faded_others(trained: Filters) -> None:
    figure = mel_filters(trained, chosen=12)
    np.testing.assert_array_equal(trace_of(figure, "learned, filter 12").y, trained.learned.mel_basis[12])
    assert trace_of(figure, "learned").opacity < trace_of(mel_filters(trained), "learned").opacity


def test_panels_share_a_scale_unless_training_blew_the_filters_up(trained: Filters, exploded: Filters) -> None:
    alike = mel_filters(trained).layout
    assert alike.yaxis.range == alike.yaxis2.range
    apart = mel_filters(exploded)
    assert apart.layout.yaxis2.range[1] > 50 * apart.layout.yaxis.range[1]
    assert "scale ×" in _headings(apart)


@pytest.mark.parametrize("draw", [mel_filters, overlaid_mel_filters, mel_heatmaps, overview_picture])
def test_an_untrained_filterbank_is_called_untrained(draw: object, untrained: Filters, trained: Filters) -> None:
    assert "not trained: learned equals initial" in text_of(draw(untrained))  # type: ignore[operator]
    assert "not trained" not in text_of(draw(trained))  # type: ignore[operator]


def test_a_trainable_filterbank_that_has_not_moved_yet_is_not_called_untrained(untrained: Filters) -> None:
    waiting = Filters(untrained.initial, untrained.learned, 16_000, 480, 160, "B")
    assert "still equals initial" in text_of(mel_filters(waiting))


def test_gain_and_shape_are_told_apart(exploded: Filters) -> None:
    scaled = Filters(
        exploded.initial,
        type(exploded.initial)(1, 3 * exploded.initial.mel_basis, exploded.initial.stft_cos, exploded.initial.stft_sin),
        16_000,
        480,
        160,
        "B",
    )
    assert "Median gain × 3, median shape change 0 %" in text_of(mel_heatmaps(scaled))


@pytest.mark.parametrize("draw", [mel_filters, overlaid_mel_filters, mel_heatmaps, overview_picture])
def test_silent_and_broken_filters_are_named(draw: object, broken: Filters) -> None:
    text = text_of(draw(broken))  # type: ignore[operator]
    assert "Silent (all zero): 1 (number 7)" in text
    assert "Not numbers any more: 1 (number 12)" in text


def test_heatmaps_hold_initial_learned_and_their_difference_around_zero(trained: Filters) -> None:
    figure = mel_heatmaps(trained)
    before, after = trained.initial.mel_basis, trained.learned.mel_basis
    np.testing.assert_array_equal(trace_of(figure, "initial").z, before)
    np.testing.assert_array_equal(trace_of(figure, "learned").z, after)
    change = trace_of(figure, "change")
    np.testing.assert_allclose(change.z, after - before, atol=1e-8)
    assert change.zmin == -change.zmax
    assert change.zmax == pytest.approx(np.abs(after - before).max(), rel=1e-5)


def test_with_the_gain_taken_out_a_scaled_filterbank_shows_no_change(trained: Filters) -> None:
    start = trained.initial
    scaled = Filters(start, type(start)(1, 50 * start.mel_basis, start.stft_cos, start.stft_sin), 16_000, 480, 160, "B")
    assert np.abs(trace_of(mel_heatmaps(scaled), "change").z).max() > 0.5
    moved = trace_of(mel_change(scaled), "change")
    assert np.abs(moved.z).max() == pytest.approx(4900), "50 times as high: 4,900 % of the largest initial weight more"
    assert (moved.zmin, moved.zmax) == (-moved.zmax, np.abs(moved.z).max())
    assert np.abs(trace_of(mel_heatmaps(scaled, view="shapes"), "change").z).max() < 1e-7
    np.testing.assert_allclose(
        trace_of(one_mel_filter(scaled, 9, view="shapes"), "learned").y, start.mel_basis[9], atol=1e-7
    )


def test_bars_run_over_the_band_that_each_filter_hears(trained: Filters) -> None:
    low, centre, high = filter_bands(trained.learned.mel_basis, 16_000)
    drawn = trace_of(overview_picture(trained), "learned span").x.reshape(40, 4)
    np.testing.assert_allclose(drawn[:, :3], np.stack([low, centre, high], axis=1))
    assert np.isnan(drawn[:, 3]).all()


def test_one_filter_says_where_it_listens_or_that_it_hears_nothing(broken: Filters) -> None:
    assert "hears nothing" in trace_of(one_mel_filter(broken, 7), "learned").hovertemplate
    assert "Hz" in trace_of(one_mel_filter(broken, 7), "initial").hovertemplate
    assert "went silent" in text_of(one_mel_filter(broken, 7))
    assert "not numbers" in text_of(one_mel_filter(broken, 12))
