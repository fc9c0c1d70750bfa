"""Accuracy by speaker and by quarter."""

import numpy as np

from core.figures import accuracy_by_group, accuracy_by_range
from core.metrics import group_scores, quartile_scores
from tests.drawn import trace_of


def test_groups_stand_in_their_order_with_intervals_and_can_be_clicked() -> None:
    groups = group_scores(np.array([True, False, False, True]), ["ann", "bob", "bob", "ann"])
    figure = accuracy_by_group(groups, 0.5, chosen="bob")
    points = trace_of(figure, "accuracy")
    assert list(points.customdata) == ["bob", "ann"]
    assert list(points.x) == [0, 100]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first has to be on top"
    assert list(figure.layout.yaxis.ticktext) == ["bob (2)", "ann (2)"]
    np.testing.assert_allclose(points.x[0] + points.error_x.array[0], 100 * groups[0].interval[1])
    assert points.marker.symbol[0] != points.marker.symbol[1]
    assert figure.layout.shapes[0].x0 == 50
    assert "0 of 2 right" in points.text[0]


def test_quarters_reach_from_their_lowest_to_their_highest_value() -> None:
    values = np.arange(16.0)
    quarters = quartile_scores(values > 3, values)
    figure = accuracy_by_range([("words", quarters), ("silence", ())], 0.75, axis="Level (dB)", unit="dB")
    line = trace_of(figure, "words")
    assert list(line.y) == [0, 100, 100, 100]
    np.testing.assert_allclose(np.asarray(line.x) - line.error_x.arrayminus, [0, 4, 8, 12])
    np.testing.assert_allclose(np.asarray(line.x) + line.error_x.array, [3, 7, 11, 15])
    assert figure.layout.shapes[0].y0 == 75
    assert "0 of 4 right" in line.text[0]


def test_nothing_to_group_is_said() -> None:
    assert "no group" in accuracy_by_group((), 0.5).layout.annotations[0].text
    figure = accuracy_by_range([("words", ())], 0.5, axis="Level (dB)", unit="dB")
    assert any("too few" in note.text for note in figure.layout.annotations)
