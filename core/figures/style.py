"""One look for every figure: colours, line styles, template, and titles that fit a phone."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.config import LABELS

INK = "#1f2933"
FAINT_INK = "#52606d"
GRID = "#e4e7eb"
INITIAL_COLOUR = "#868d98"
LEARNED_COLOUR = "#0072B2"
AXIS_HZ = "Frequency (Hz)"
AXIS_WEIGHT = "Weight (no unit)"

OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7")
"""Okabe and Ito (2008): six hues that colour-blind readers can tell apart (yellow and black left out)."""

AMOUNT_SCALE = "Cividis"
CHANGE_SCALE = [[0.0, "#053b66"], [0.25, "#4a9bd1"], [0.5, "#f7f7f7"], [0.75, "#ee9a3a"], [1.0, "#8f3b00"]]
"""Blue is less, white is no change, orange is more; always drawn with zero in the middle."""

NBSP = "\N{NO-BREAK SPACE}"
"""Keeps a number and its unit on one line."""

INITIAL_LINE: dict[str, Any] = {"color": INITIAL_COLOUR, "dash": "dash", "width": 1.6}
INITIAL_UNDER: dict[str, Any] = {"color": "#a3aab5", "dash": "7px,4px", "width": 3.4}
"""The initial line where the learned one lies on top: wide enough to be seen where both are equal."""

LEARNED_LINE: dict[str, Any] = {"color": LEARNED_COLOUR, "dash": "solid", "width": 2}

_DASHES = ("solid", "dash")
_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "star", "cross", "triangle-down", "pentagon", "hexagon")

_AXIS = {"gridcolor": GRID, "linecolor": FAINT_INK, "zeroline": False, "ticks": "outside", "automargin": True}

TEMPLATE = go.layout.Template(
    layout={
        # A fixed light ground with its own ink reads the same on a light and on a dark page.
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "font": {"family": "Source Sans Pro, Segoe UI, Helvetica, Arial, sans-serif", "size": 13, "color": INK},
        "colorway": list(OKABE_ITO),
        "hoverlabel": {
            "bgcolor": "#ffffff",
            "bordercolor": FAINT_INK,
            "font": {"color": INK, "size": 13},
            "align": "left",
        },
        "xaxis": {**_AXIS, "title": {"font": {"size": 13}, "standoff": 8}},
        "yaxis": {**_AXIS, "title": {"font": {"size": 13}, "standoff": 8}},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "itemsizing": "trace",
        },
        "modebar": {"bgcolor": "rgba(255,255,255,0.7)", "color": FAINT_INK, "activecolor": LEARNED_COLOUR},
    }
)


def word_text(label: str) -> str:
    """A label as people read it.

    >>> word_text("_silence_"), word_text("yes")
    ('silence', 'yes')
    """
    return label.strip("_")


def word_line(label: str) -> dict[str, Any]:
    """Line style of a word: the same word looks the same in every figure."""
    if label not in LABELS[:10]:
        return {"color": INK if label == LABELS[-1] else INITIAL_COLOUR, "dash": "dot", "width": 2}
    number = LABELS.index(label)
    return {"color": OKABE_ITO[number % 6], "dash": _DASHES[number // 6], "width": 2}


def word_symbol(label: str) -> str:
    """Marker symbol of a word, so that it is never told by colour alone."""
    return _SYMBOLS[LABELS.index(label)] if label in LABELS[:10] else "line-ew-open"


def finish(
    figure: go.Figure,
    *,
    title: str,
    note: str = "",
    height: int,
    legend: Sequence[str] = (),
    heading: bool = False,
    bottom: int = 56,
) -> go.Figure:
    """Give a figure the template, a title that fits 350 pixels, and room for it.

    Args:
        figure: Figure to complete; it is changed and returned.
        title: What is shown.
        note: One or two sentences below it, smaller.
        height: Height of the panels alone (pixels); title, legend and axis titles come on top.
        legend: Texts in the legend, to reserve rows for it; empty hides the legend.
        heading: Whether the top panel carries a heading of its own.
        bottom: Room for the lowest axis and its title (pixels).

    Returns:
        The same figure.
    """
    # Plotly never wraps a title: lines are cut here so that they fit a phone at these font sizes.
    titles, notes = textwrap.wrap(title, 42), textwrap.wrap(note, 54)
    top = 14 + 21 * len(titles) + 17 * len(notes) + 22 * legend_rows(legend) + (26 if heading else 8)
    figure.update_layout(
        template=TEMPLATE,
        title={
            "text": "<br>".join(f"<b>{line}</b>" for line in titles),
            "font": {"size": 16, "color": INK},
            "subtitle": {"text": "<br>".join(notes), "font": {"size": 12.5, "color": FAINT_INK}},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "pad": {"l": 10},
            # Plotly measures from the first line's baseline, whatever the number of lines.
            "y": 1 - 24 / (height + top + bottom),
            "yref": "container",
            "yanchor": "bottom",
        },
        margin={"t": top, "b": bottom, "l": 16, "r": 16},
        height=height + top + bottom,
        showlegend=bool(legend),
    )
    return figure


def legend_rows(texts: Sequence[str], width: int = 225) -> int:
    """Rows that a horizontal legend takes on a phone.

    >>> legend_rows([]), legend_rows(["initial", "learned"]), legend_rows(["unknown"] * 5)
    (0, 1, 3)
    """
    if not texts:
        return 0
    entries = [44 + 7 * len(text) for text in texts]
    if sum(entries) <= width:
        return 1
    # Over several rows, plotly gives every entry the width of the longest one.
    return -(-len(texts) // max(1, width // max(entries)))


def panel_heading(figure: go.Figure, row: int, text: str) -> None:
    """Write a heading above the panel in ``row`` (counted from 1)."""
    axis = "" if row == 1 else str(row)
    figure.add_annotation(
        text=f"<b>{text}</b>",
        xref="paper",
        x=0,
        xanchor="left",
        yref=f"y{axis} domain",
        y=1,
        yanchor="bottom",
        showarrow=False,
        align="left",
        font={"size": 13, "color": INK},
        yshift=3,
    )


def panel_note(figure: go.Figure, text: str) -> None:
    """Write a note in the middle of a figure that has nothing to show."""
    figure.update_xaxes(showticklabels=False).update_yaxes(showticklabels=False)
    figure.add_annotation(
        text="<br>".join(textwrap.wrap(text, 40)),
        xref="x domain",
        yref="y domain",
        x=0.5,
        y=0.5,
        showarrow=False,
        font={"size": 14, "color": FAINT_INK},
    )


def colour_bar(title: str, *, centre: float = 0.5, length: float = 1.0) -> dict[str, Any]:
    """A slim colour bar right of a panel, ``centre`` and ``length`` being shares of the drawing height."""
    return {
        "title": {"text": title, "side": "right", "font": {"size": 12}},
        "thickness": 12,
        "outlinewidth": 0,
        "tickfont": {"size": 11},
        "len": length,
        "y": centre,
        "yanchor": "middle",
        "x": 1.01,
        "xpad": 4,
    }
