"""Answers to one second, and to window after window."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest

from core.config import LABELS
from core.figures import ranked_words, word_timeline
from core.results import Prediction

Make = Callable[..., list[Prediction]]


def _named(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.name == name]


def test_the_best_words_come_first_in_percent(make_predictions: Make) -> None:
    figure = ranked_words(make_predictions(["yes"])[0], top=3)
    (bars,) = figure.data
    assert bars.y[0] == "yes"
    np.testing.assert_allclose(bars.x, [60, 100 * 0.4 / 11, 100 * 0.4 / 11])
    assert figure.layout.yaxis.categoryarray[-1] == "yes", "the last category is the top one"
    assert bars.marker.color[0] != bars.marker.color[1]


def test_lanes_run_where_a_word_wins_and_neighbours_join_up(make_predictions: Make) -> None:
    figure = word_timeline(make_predictions(["yes", "yes", "no", "yes"], hop_s=0.5))
    (yes,), (no,) = _named(figure, "yes wins"), _named(figure, "no wins")
    np.testing.assert_allclose(yes.x[[0, 1, 3, 4]], [0.25, 1.25, 1.75, 2.25])
    np.testing.assert_allclose(no.x[:2], [1.25, 1.75])
    names = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert (names[yes.y[0]], names[no.y[0]]) == ("yes", "no")


def test_lines_give_the_probability_at_the_middle_of_each_window(make_predictions: Make) -> None:
    (line,) = _named(word_timeline(make_predictions(["yes", "no"])), "yes")
    np.testing.assert_allclose(line.x, [0.5, 0.75])
    np.testing.assert_allclose(line.y, [60, 100 * 0.4 / 11])


def test_words_that_win_are_shown_before_words_that_only_come_close(make_predictions: Make) -> None:
    winners = ["_silence_", "up", "up", "stop"]
    figure = word_timeline(make_predictions(winners), top=3)
    lines = [trace.name for trace in figure.data if trace.yaxis == "y2"]
    assert lines[0] == "up"
    assert set(lines) == {"up", "silence", "stop"}


@pytest.mark.parametrize("n", [0, 1, 3000])
def test_any_number_of_windows_can_be_drawn(make_predictions: Make, n: int) -> None:
    winners = [LABELS[at % 3] for at in range(n)]
    figure = word_timeline(make_predictions(winners))
    lines = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert all(len(line.x) == n for line in lines)
    assert len(lines) == (5 if n else 0)
    assert bool(figure.layout.annotations) == (n == 0)


def test_a_single_window_is_seen_as_a_point_and_as_a_lane(make_predictions: Make) -> None:
    figure = word_timeline(make_predictions(["go"]))
    (line,), (lane,) = _named(figure, "go"), _named(figure, "go wins")
    assert "markers" in line.mode
    assert lane.x[1] - lane.x[0] == pytest.approx(1)
