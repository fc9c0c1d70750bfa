"""Accuracy on changed clips, drawn so that models can be compared and every point be clicked."""

import numpy as np
import pytest

from core.figures import accuracy_by_noise, accuracy_when_changed, right_by_word
from core.studies.robustness.changes import VALUES
from tests.changed_clips import robustness
from tests.drawn import trace_of


@pytest.fixture
def records():
    return [robustness(run="first"), robustness(run="second", right=(60, 50, 40, 30, 20, 10, 0))]


def test_a_line_holds_accuracies_in_percent_with_their_intervals(records):
    line = trace_of(accuracy_when_changed(records), "second")
    np.testing.assert_allclose(line.y, [50, 100 * 50 / 120, 100 * 40 / 120, 25, 100 * 20 / 120, 100 / 12, 0])
    low, high = line.y - line.error_y.arrayminus, line.y + line.error_y.array
    assert (low <= line.y).all()
    assert (high > line.y).all()
    assert high[0] == pytest.approx(58.8, abs=0.1)


def test_the_axis_goes_from_clean_to_loud_noise(records):
    axis = accuracy_when_changed(records).layout.xaxis
    assert list(axis.ticktext) == ["clean", "20", "15", "10", "5", "0", "−5"]
    assert axis.title.text == "Speech over noise (dB)"


def test_a_click_tells_record_and_value(records):
    pick = trace_of(accuracy_when_changed(records), "pick")
    assert list(pick.customdata) == [f"{number},{step}" for number in range(2) for step in range(7)]
    assert pick.marker.opacity == 0
    assert "second, at 10 dB:<br>25.0 % of 120 clips right" in pick.hovertext[10]
    assert "95 % interval" in pick.hovertext[10]


def test_lines_at_one_value_stand_apart_and_differ_by_more_than_colour(records):
    figure = accuracy_when_changed(records)
    first, second = trace_of(figure, "first"), trace_of(figure, "second")
    assert first.x[0] != second.x[0]
    assert abs(first.x[0] - second.x[0]) < 0.3
    assert first.line.dash != second.line.dash
    assert first.marker.symbol != second.marker.symbol


def test_the_chosen_point_is_marked(records):
    figure = accuracy_when_changed(records, chosen=(1, 3))
    assert trace_of(figure, "chosen").y == (25.0,)
    assert "chosen" not in [each.name for each in accuracy_when_changed(records).data]


def test_how_many_clips_of_which_protocol_is_said(records):
    note = accuracy_when_changed(records).layout.title.subtitle.text.replace("<br>", " ")
    assert "120 of 360 clips of the official test set" in note


def test_the_trivial_baseline_is_drawn(records):
    assert trace_of(accuracy_when_changed(records), "always “down”").y == pytest.approx((100 / 12, 100 / 12))


def test_nothing_measured_is_said():
    figure = accuracy_when_changed([])
    assert any("Nothing is measured" in note.text for note in figure.layout.annotations)


@pytest.mark.parametrize("kind", VALUES)
def test_every_kind_can_be_drawn(kind):
    figure = accuracy_when_changed([robustness(kind)])
    assert len(figure.layout.xaxis.ticktext) == len(VALUES[kind])
    assert len(right_by_word(robustness(kind)).data[0].z) == 12


def test_each_noise_has_a_line_with_its_number_of_clips(records):
    figure = accuracy_by_noise(records[0])
    line = trace_of(figure, "running tap (60)")
    clips = records[0].noise == 0
    np.testing.assert_allclose(line.y, 100 * records[0].right[:, clips].mean(axis=1))


def test_words_have_the_share_of_their_clips(records):
    heat = right_by_word(records[1]).data[0]
    assert list(heat.y)[:2] == ["down", "go"]
    assert heat.z[0][0] == 50
    assert heat.z[0][6] == 0
