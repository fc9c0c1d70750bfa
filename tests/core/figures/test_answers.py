"""Answers to one second, and every word along a longer recording."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest

from core.config import KEYWORDS
from core.figures import ranked_words, word_timeline
from core.records.answers import Prediction, WordsAlong
from tests.drawn import text_of

Make = Callable[..., list[Prediction]]
Along = Callable[..., WordsAlong]


def _named(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.name == name]


def test_the_best_words_come_first_in_percent(make_predictions: Make) -> None:
    figure = ranked_words(make_predictions(["yes"])[0], top=3)
    (bars,) = figure.data
    assert bars.y[0] == "yes"
    np.testing.assert_allclose(bars.x, [60, 100 * 0.4 / 11, 100 * 0.4 / 11])
    assert figure.layout.yaxis.categoryarray[-1] == "yes", "the last category is the top one"
    assert bars.marker.color[0] != bars.marker.color[1]


def test_every_detection_is_a_bar_where_it_was_said_however_many_words_there_are(make_along: Along) -> None:
    said = [(word, float(number), number + 0.5) for number, word in enumerate((*KEYWORDS, "yes"))]
    figure = word_timeline(make_along(*said, seconds=12))
    lanes = {trace.name: trace for trace in figure.data if trace.name.endswith("detected")}
    assert set(lanes) == {f"{word} detected" for word in KEYWORDS}
    bars = [(name, x) for name, lane in lanes.items() for x in zip(lane.x[::3], lane.x[1::3], strict=True)]
    assert sorted(bars) == sorted((f"{word} detected", (start, end)) for word, start, end in said)
    names = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert all(name == f"{names[lane.y[0]]} detected" for name, lane in lanes.items())
    assert "11 words detected" in text_of(figure)


def test_a_detection_tells_its_score_and_its_time_in_its_hover(make_along: Along) -> None:
    (lane,) = _named(word_timeline(make_along(("yes", 1.0, 1.5))), "yes detected")
    assert "yes (90 %), 1.00 to 1.50 s" in lane.text[0]


def test_lines_give_the_probability_at_the_middle_of_each_second(make_along: Along) -> None:
    figure = word_timeline(make_along(("yes", 1.0, 1.5), probable=[("yes", 14, 0.8)]))
    (line,) = _named(figure, "yes")
    assert line.x[14] == pytest.approx(1.0), "the second that ends at 1.5 s"
    assert line.y[14] == pytest.approx(80)


def test_words_that_were_never_probable_nor_detected_have_no_line(make_along: Along) -> None:
    figure = word_timeline(make_along(("yes", 1.0, 1.5), probable=[("no", 3, 0.6), ("up", 3, 0.2)]))
    assert {trace.name for trace in figure.data if trace.yaxis == "y2"} == {"yes", "no", "silence"}


def test_a_recording_without_a_word_says_so(make_along: Along) -> None:
    figure = word_timeline(make_along(seconds=0.05))
    assert [one.text for one in figure.layout.annotations if "No word" in one.text]
    assert not [trace for trace in figure.data if trace.name.endswith("detected")]
