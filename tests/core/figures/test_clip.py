"""One clip before and after the filters were trained."""

import numpy as np
import pytest

from core.config import LABELS
from core.figures import answer_bars, log_mel_pair
from core.records.filters import Filters
from tests.drawn import trace_of


def test_both_spectrograms_are_drawn_on_one_scale_with_hz(trained: Filters) -> None:
    random = np.random.default_rng(0)
    initial, learned = random.normal(-5, 1, (40, 101)), random.normal(-3, 1, (40, 101))
    figure = log_mel_pair(initial, learned, trained)
    first, second = trace_of(figure, "initial"), trace_of(figure, "learned")
    np.testing.assert_allclose(first.z, initial, rtol=1e-5)
    np.testing.assert_allclose(second.z, learned, rtol=1e-5)
    assert (first.zmin, first.zmax) == (second.zmin, second.zmax)
    assert first.zmax == pytest.approx(learned.max())
    assert "1,000" in figure.layout.yaxis.ticktext
    assert figure.layout.yaxis.ticktext == figure.layout.yaxis2.ticktext


def test_answers_are_drawn_in_percent_and_the_right_one_is_marked() -> None:
    learned = np.full(12, 0.2 / 11)
    learned[1] = 0.8
    figure = answer_bars(LABELS, learned.tolist(), truth="go")
    assert [trace.name for trace in figure.data] == ["the model"]
    bars = figure.data[0]
    assert bars.x[1] == pytest.approx(80)
    assert bars.y[1] == "✓ go"
    assert bars.y[0] == "down"
    both = answer_bars(LABELS, learned.tolist(), initial=[1 / 12] * 12)
    assert [trace.name for trace in both.data] == ["learned", "initial"]
    assert both.data[1].x[0] == pytest.approx(100 / 12)
    assert "✓" not in "".join(both.data[0].y)
