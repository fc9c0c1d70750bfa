"""How sure and how often right: what is drawn is what was counted."""

import numpy as np
import pytest

from core.figures import reliability_diagram
from core.metrics import reliability
from tests.drawn import trace_of
from tests.evaluations import evaluation_of, random_evaluation, sure_answers


@pytest.mark.parametrize("binning", ["width", "clips"])
def test_points_lie_at_confidence_and_accuracy_with_their_intervals(binning: str) -> None:
    found = reliability(random_evaluation(300), binning)
    figure = reliability_diagram(found)
    answers = trace_of(figure, "answers")
    np.testing.assert_allclose(answers.x, 100 * found.confidence)
    np.testing.assert_allclose(answers.y, 100 * found.accuracy)
    np.testing.assert_allclose(answers.y + answers.error_y.array, 100 * found.high)
    np.testing.assert_allclose(answers.y - answers.error_y.arrayminus, 100 * found.low)
    bars = trace_of(figure, "clips")
    assert sum(bars.y) == 300
    np.testing.assert_allclose(bars.x - bars.width / 2, 100 * found.bottoms)
    perfect = trace_of(figure, "perfect")
    assert list(perfect.x) == list(perfect.y)


def test_error_and_number_of_clips_are_named_and_a_bin_tells_itself_in_words() -> None:
    figure = reliability_diagram(reliability(evaluation_of([0], sure_answers([0], [0], 0.95))))
    note = figure.layout.title.subtitle.text.replace("<br>", " ").replace("\N{NO-BREAK SPACE}", " ")
    assert "error 5.0 %, n = 1." in note
    assert trace_of(figure, "answers").text[0].startswith("1 answer with 90 to 100 %")
