"""What stands in a figure, for tests: a trace by its name, finding, title and note as one text."""

from __future__ import annotations

import plotly.graph_objects as go

from core.figures import style


def trace_of(figure: go.Figure, name: str) -> go.Scatter:
    """The only trace of that name; a no-break space in it counts as a space."""
    (found,) = [one for one in figure.data if (one.name or "").replace(style.NBSP, " ") == name]
    return found


def text_of(figure: go.Figure) -> str:
    """Finding, title and note as one text."""
    title = figure.layout.title
    return f"{style.finding_of(figure)} {title.text} {title.subtitle.text}".replace("<br>", " ").replace(
        style.NBSP, " "
    )
