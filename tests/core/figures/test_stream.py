"""Missed words against false alarms, drawn so that a point can be read, compared and clicked."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from core.figures import misses_against_false_alarms
from core.records.listening import StreamTrack
from tests.drawn import trace_of

Make = Callable[..., StreamTrack]


def test_a_line_holds_misses_in_percent_against_false_alarms_an_hour(tracks: list[StreamTrack]) -> None:
    figure = misses_against_false_alarms(tracks)
    line = trace_of(figure, "10 dB")
    np.testing.assert_allclose(line.x, [240, 40, 4])
    np.testing.assert_allclose(line.y, [8, 18, 90])
    assert figure.layout.xaxis.type == "log"
    assert "an hour" in figure.layout.xaxis.title.text
    assert "(%)" in figure.layout.yaxis.title.text


def test_no_false_alarm_has_a_place_on_the_logarithmic_axis_that_says_zero(tracks: list[StreamTrack]) -> None:
    figure = misses_against_false_alarms(tracks)
    zero = trace_of(figure, "no noise").x[-1]
    assert zero == pytest.approx(0.5 / 0.25)
    axis = figure.layout.xaxis
    assert dict(zip(axis.tickvals, axis.ticktext, strict=True))[zero] == "0"
    assert list(axis.ticktext) == ["0", "5", "10", "20", "50", "100", "200"]
    low, high = axis.range
    for trace in figure.data:
        assert all(low <= np.log10(x) <= high for x in trace.x)


def test_lines_differ_by_more_than_colour(make_track: Make) -> None:
    many = [make_track(snr, (0.5, 1, 1)) for snr in (None, 20.0, 10.0, 5.0, 0.0)]
    lines = [each for each in misses_against_false_alarms(many).data if each.mode == "lines+markers"]
    assert len({each.line.dash for each in lines}) == len({each.marker.symbol for each in lines}) == 5


def test_the_chosen_threshold_is_marked_on_every_line_that_has_it(tracks: list[StreamTrack]) -> None:
    chosen = trace_of(misses_against_false_alarms(tracks, threshold=0.7), "chosen")
    np.testing.assert_allclose(chosen.x, [8, 40])
    np.testing.assert_allclose(chosen.y, [10, 18])
    assert "chosen" not in [each.name for each in misses_against_false_alarms(tracks).data]
    assert "chosen" not in [each.name for each in misses_against_false_alarms(tracks, threshold=0.5).data]


def test_every_point_takes_a_click_that_tells_its_threshold(tracks: list[StreamTrack]) -> None:
    figure = misses_against_false_alarms(tracks)
    assert figure.data[-1].name == "pick", "it has to lie on top"
    pick = trace_of(figure, "pick")
    assert list(pick.customdata) == [0.3, 0.7, 0.99] * 2
    np.testing.assert_allclose(pick.x, [*trace_of(figure, "no noise").x, *trace_of(figure, "10 dB").x])
    assert pick.marker.opacity == 0
    assert pick.marker.size >= 20


def test_a_hover_text_is_a_sentence_with_counts_hours_and_interval(tracks: list[StreamTrack]) -> None:
    text = trace_of(misses_against_false_alarms(tracks), "pick").hovertext[1].replace("\N{NO-BREAK SPACE}", " ")
    for words in ("Threshold 0.70, no noise", "5 of 50 keywords missed (10.0 %)", "8.0 false alarms an hour"):
        assert words in text
    assert "2 in 0.25 h; 95 % interval 1.5 to 99" in text


def test_nothing_measured_is_said_and_still_a_figure() -> None:
    figure = misses_against_false_alarms([])
    assert any("Nothing is measured" in note.text for note in figure.layout.annotations)
    assert json.loads(figure.to_json())["layout"]["xaxis"]["title"]["text"]


def test_a_track_without_any_false_alarm_can_be_drawn(make_track: Make) -> None:
    figure = misses_against_false_alarms([make_track(None, (0.5, 1, 0), (0.9, 2, 0))])
    assert trace_of(figure, "no noise").x == (2.0, 2.0)
    assert figure.layout.xaxis.ticktext[0] == "0"
    assert len(figure.layout.xaxis.ticktext) > 1


def test_the_records_are_not_changed(tracks: list[StreamTrack]) -> None:
    before = repr(tracks)
    misses_against_false_alarms(tracks, threshold=0.7)
    assert repr(tracks) == before
