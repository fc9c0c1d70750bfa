"""A figure stands below the sentence that says what it shows, and a screen reader says the same."""

import pytest
from streamlit.testing.v1 import AppTest


def page(clickable):
    import plotly.graph_objects as go  # AppTest runs this function by its text

    from core.figures import style
    from dashboard.shared.widgets import show_clickable_figure, show_figure

    figure = go.Figure(go.Scatter(x=[1], y=[2]))
    style.finish(figure, title="Runs", finding="Run *a* is 5 points better, more than chance.", height=100)
    if clickable:
        show_clickable_figure(figure, "one", print)
    else:
        show_figure(figure, "one")


@pytest.mark.parametrize("clickable", [False, True])
def test_the_finding_stands_above_the_figure_letter_by_letter_and_is_its_text_for_screen_readers(clickable):
    app = AppTest.from_function(page, args=(clickable,)).run()
    assert not app.exception
    sentence, chart = app.main.children.values()
    assert sentence.value == r"Run \*a\* is 5 points better, more than chance."
    assert chart.type == "plotly_chart"
    assert chart.proto.alt == "Run *a* is 5 points better, more than chance."
