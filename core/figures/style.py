"""One look for every figure: colours, line styles, template, and titles that fit a phone."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from core.config import LABELS, SILENCE_LABEL, UNKNOWN_LABEL

WHITE = "#ffffff"
"""The ground: that of the page."""

SHADE = "#f3f6f9"
"""What is set apart from the ground without saying anything: cells without an amount, code, the page's sidebar."""

INK = "#101820"
FAINT_INK = "#52606d"
GRID = "#e4e7eb"
MUTED = "#8195a9"
"""What stands beside the thing looked at."""

INITIAL_COLOUR = "#868d98"
UNDER_COLOUR = "#8c94a1"
"""The same where it lies below another line, wide and dashed."""

LEARNED_COLOUR = "#0072b2"
AXIS_HZ = "Frequency (Hz)"
AXIS_WEIGHT = "Weight (no unit)"

HUES = ("#c88600", "#1b99f2", "#149e5f", "#0072b2", "#b54000", "#b478a0")
"""Six hues that colour-blind readers can tell apart: those of Okabe and Ito (2008; yellow and black left out), moved
until each has a contrast of 3:1 to the ground and stays as far from the others."""

ORANGE, SKY_BLUE, GREEN, BLUE, VERMILLION, PURPLE = HUES

LOOKS = (
    (BLUE, "solid", "circle"),
    (VERMILLION, "dash", "diamond"),
    (GREEN, "dot", "square"),
    (ORANGE, "dashdot", "triangle-up"),
    (PURPLE, "longdash", "x"),
    (SKY_BLUE, "longdashdot", "star"),
)
"""Colour, dash and symbol of the first, second … line of a figure whose lines are neither initial nor learned."""

AMOUNT_SCALE = "Cividis"
"""From dark to bright, in both themes."""

OVER_AMOUNTS = "#fefefe"
"""What is drawn over such amounts."""

_SHARES = (SHADE, "#d6e6f4", "#c3dbf0", "#aecfe8", "#9cc3e3", "#2b6ca3", "#0a4a80")
_FEW_SHARES = (SHADE, "#e6edf3", "#dfe7ee", "#d8e1ea", "#d1dbe5", "#cad5e0", "#c2ceda")
_STEPS = (0.0, 1e-9, 0.02, 0.15, 0.5, 0.5 + 1e-9, 1.0)

SHARE_SCALE = [list(stop) for stop in zip(_STEPS, _SHARES, strict=True)]
"""From none, which is no more than shade, to all. It has a step where there is any at all, so that 1 % is seen beside
none, and one at a half, so that texts on it can be read: no cell is of a middle brightness."""

FEW_SCALE = [list(stop) for stop in zip(_STEPS, _FEW_SHARES, strict=True)]
"""The same where the whole is only a few: paler, so that it does not outshine what is known better."""

CHANGE_SCALE = [[0.0, "#053b66"], [0.25, "#4a9bd1"], [0.5, "#f7f7f7"], [0.75, "#ee9a3a"], [1.0, "#8f3b00"]]
"""Blue is less, the ground's colour is no change, orange is more; always drawn with zero in the middle."""

DARK = {
    WHITE: "#12181f",
    SHADE: "#1b232c",
    INK: "#e4e9ee",
    FAINT_INK: "#a3afbb",
    GRID: "#2a343f",
    MUTED: "#64788d",
    INITIAL_COLOUR: "#8b95a1",
    UNDER_COLOUR: "#727d8a",
    ORANGE: "#f5ab24",
    SKY_BLUE: "#86d9ff",
    GREEN: "#22b07a",
    BLUE: "#3d8ddb",
    VERMILLION: "#dd5a22",
    PURPLE: "#d99bbd",
    **dict(zip(_SHARES[1:], ("#1f3d56", "#234a68", "#2a587c", "#316790", "#8cc4ec", "#b9e0fb"), strict=True)),
    **dict(zip(_FEW_SHARES[1:], ("#232e38", "#26323d", "#2a3742", "#2e3b48", "#32404d", "#364553"), strict=True)),
    "#053b66": "#a9dcff",
    "#4a9bd1": "#2f80b8",
    "#f7f7f7": "#1a2129",
    "#ee9a3a": "#bf6a1b",
    "#8f3b00": "#ffca8e",
}
"""What each colour is on a dark ground (see ``in_dark``)."""

NBSP = "\N{NO-BREAK SPACE}"
"""Keeps a number and its unit on one line."""

INITIAL_LINE: dict[str, Any] = {"color": INITIAL_COLOUR, "dash": "dash", "width": 1.6}
INITIAL_UNDER: dict[str, Any] = {"color": UNDER_COLOUR, "dash": "7px,4px", "width": 3.4}
"""The initial line where the learned one lies on top: wide enough to be seen where both are equal."""

LEARNED_LINE: dict[str, Any] = {"color": LEARNED_COLOUR, "dash": "solid", "width": 2}

GUIDE_LINE: dict[str, Any] = {"color": FAINT_INK, "dash": "dot", "width": 1.5}
"""What a curve is read against: guessing, always the same answer, all clips together."""

ZERO_LINE: dict[str, Any] = {"color": INK, "width": 1.2}

STAR: dict[str, Any] = {"symbol": "star", "size": 16, "color": INK, "line": {"color": WHITE, "width": 1}}
"""The one point of a curve that matters most."""

DOT: dict[str, Any] = {"line": {"width": 1, "color": WHITE}}
"""A dot that can be told from the curve below it."""

PICK_SIZE = 8
"""Diameter (pixels) of invisible markers that take a click. Plotly takes the nearest one within 20 pixels, but any one
that the click lies inside of: larger ones would hide their neighbours."""

_DASHES = (
    "solid", "dash", "dashdot", "longdash", "longdashdot", "12px,3px", "3px,3px,9px,3px", "18px,4px,4px,4px", "6px,2px",
)  # fmt: skip
_SHAPES = ("circle", "diamond", "square", "triangle-up", "x", "star", "cross", "triangle-down", "pentagon", "hexagon")
_SYMBOLS = tuple(f"{shape}{filled}" for filled in ("", "-open", "-dot", "-open-dot") for shape in _SHAPES)

_AXIS = {"gridcolor": GRID, "linecolor": FAINT_INK, "zeroline": False, "ticks": "outside", "automargin": True}

TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": WHITE,
        "plot_bgcolor": WHITE,
        "font": {"family": "Source Sans Pro, Segoe UI, Helvetica, Arial, sans-serif", "size": 13, "color": INK},
        "colorway": list(HUES),
        "hoverlabel": {
            "bgcolor": WHITE,
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


def word_line(label: str, labels: Sequence[str] = LABELS) -> dict[str, Any]:
    """Line style of a word: a model's word looks the same in every figure, and no two of up to 54 alike.

    Args:
        label: The word, or the label of silence or of unknown words.
        labels: All that the model tells apart.

    >>> word_line("yes")["dash"], word_line("zero", (*map(str, range(34)), "zero"))["dash"]
    ('dash', '12px,3px')
    """
    if label in (SILENCE_LABEL, UNKNOWN_LABEL) or label not in labels:
        return {"color": INK if label == UNKNOWN_LABEL else INITIAL_COLOUR, "dash": "dot", "width": 2}
    number = labels.index(label)
    return {"color": HUES[number % 6], "dash": _DASHES[number // 6 % len(_DASHES)], "width": 2}


def word_symbol(label: str, labels: Sequence[str] = LABELS) -> str:
    """Marker symbol of a word, so that it is never told by colour alone."""
    if label in (SILENCE_LABEL, UNKNOWN_LABEL) or label not in labels:
        return "line-ew-open"
    return _SYMBOLS[labels.index(label) % len(_SYMBOLS)]


def matrix_sizes(n_rows: int, n_columns: int) -> tuple[int, float, int]:
    """Height of a matrix of numbers, size of its numbers, and size of what is clicked on in a cell (pixels).

    >>> matrix_sizes(12, 12), matrix_sizes(35, 35)
    ((440, 10.5, 22), (665, 8.0, 14))
    """
    is_wide = n_columns > 16
    return max(440, 19 * n_rows), 8.0 if is_wide else 10.5, 14 if is_wide else 22


def finish(
    figure: go.Figure,
    *,
    title: str,
    finding: str,
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
        finding: What it shows, as one computed sentence in plain text: it stands above the figure, and is what screen
            readers say. Kept in ``figure.layout.meta["finding"]``.
        note: One or two sentences below it, smaller.
        height: Height of the panels alone (pixels); title, legend and axis titles come on top.
        legend: Texts in the legend, to reserve rows for it; empty hides the legend.
        heading: Whether the top panel carries a heading of its own.
        bottom: Room for the lowest axis and its title (pixels).

    Returns:
        The same figure.
    """
    # Plotly never wraps a title: lines are cut here so that they fit a phone at these font sizes.
    titles, notes = textwrap.wrap(title, 42), textwrap.wrap(note.strip(), 54)
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
        meta={"finding": finding},
    )
    return figure


def finding_of(figure: go.Figure) -> str:
    """The sentence that says what a figure shows; empty for one that ``finish`` has not made."""
    return str((figure.layout.meta or {}).get("finding", ""))


def in_dark(figure: go.Figure) -> go.Figure:
    """Give a figure the colours of a dark ground, those of ``DARK``; it is changed and returned.

    Values, texts and colours that are no part of the palette, such as those of a map of amounts, stay.
    """
    # The plain dictionaries below plotly's objects: going through those would check each colour anew, for 30 ms.
    for part in (figure._layout, *figure._data):
        for name in part.keys() - _VALUES:
            part[name] = _darkened(part[name])
    return figure


_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b|rgba\((\d+), ?(\d+), ?(\d+)(?=,)")

_VALUES = {"x", "y", "z", "text", "customdata", "hovertext", "hovertemplate", "ids", "meta"}
"""What a trace plots and says: many values, and no colours."""


def _darkened(part: Any) -> Any:
    """The same with every colour of the palette replaced."""
    if isinstance(part, str):
        return _COLOUR.sub(_dark, part)
    if isinstance(part, dict):
        return {name: _darkened(value) for name, value in part.items()}
    return type(part)(map(_darkened, part)) if isinstance(part, list | tuple) else part


def _dark(found: re.Match[str]) -> str:
    text = found.group()
    if text.startswith("#"):
        return DARK.get(text.lower(), text)
    colour = "#" + bytes(map(int, found.groups())).hex()
    return f"rgba({', '.join(map(str, bytes.fromhex(DARK.get(colour, colour)[1:])))}"


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
    write_in_the_middle(figure, text)


def write_in_the_middle(figure: go.Figure, text: str) -> None:
    """Write into the middle of the first panel."""
    figure.add_annotation(
        text="<br>".join(textwrap.wrap(text, 40)),
        xref="x domain",
        yref="y domain",
        x=0.5,
        y=0.5,
        showarrow=False,
        font={"size": 14, "color": FAINT_INK},
    )


def faint(colour: str, opacity: float) -> str:
    """A colour that lets through what lies below.

    >>> faint(GREEN, 0.2)
    'rgba(20, 158, 95, 0.2)'
    """
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def outlined(symbol: str | Sequence[str], size: Any, colour: str) -> dict[str, Any]:
    """A marker whose outline shows also where its symbol is hollow."""
    return {"symbol": symbol, "size": size, "color": colour, "line": {"width": 2, "color": colour}}


def ring(size: float, width: float = 3) -> dict[str, Any]:
    """The marker around a chosen point."""
    return {"symbol": "circle-open", "size": size, "color": INK, "line": {"width": width}}


def percents(intervals: Sequence[tuple[float, float]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper ends, in percent, of intervals of shares.

    >>> [ends.tolist() for ends in percents([(0.1, 0.2), (0.5, 0.75)])]
    [[10.0, 50.0], [20.0, 75.0]]
    """
    low, high = 100 * np.reshape(np.array(intervals, dtype=np.float64), (-1, 2)).T
    return low, high


def whiskers(values: ArrayLike, low: ArrayLike, high: ArrayLike, **looks: Any) -> dict[str, Any]:
    """Error bars from ``low`` to ``high``, all in the unit of the axis; ``looks`` are plotly's width, colour and so on.

    >>> bars = whiskers([3.0], [1.0], [4.0], width=2)
    >>> bars["array"].tolist(), bars["arrayminus"].tolist(), bars["width"]
    ([1.0], [2.0], 2)
    """
    ends = {"array": np.subtract(high, values), "arrayminus": np.subtract(values, low)}
    return {"type": "data", "symmetric": False, **ends, **looks}


def band(x: ArrayLike, low: ArrayLike, high: ArrayLike, colour: str, **looks: Any) -> go.Scatter:
    """The area between two curves over ``x``, such as a line's intervals; ``looks`` are plotly's name and so on."""
    across, bottom, top = np.asarray(x), np.asarray(low), np.asarray(high)
    around = {"x": np.concatenate([across, across[::-1]]), "y": np.concatenate([top, bottom[::-1]])}
    area = {"mode": "lines", "line": {"width": 0}, "fill": "toself", "fillcolor": faint(colour, 0.18)}
    return go.Scatter(**around, **area, hoverinfo="skip", **looks)


def guide(x: ArrayLike, y: ArrayLike, name: str) -> go.Scatter:
    """A dotted line to read curves against."""
    return go.Scatter(x=x, y=y, name=name, mode="lines", line=GUIDE_LINE, hoverinfo="skip")


def picks(x: list[Any], y: list[Any], data: list[Any], texts: Sequence[str], size: int = PICK_SIZE) -> go.Scatter:
    """Invisible markers named "pick", which can be clicked: lines cannot.

    Args:
        x: Their places: a list, since a click hands on what plotly was given, and packed arrays have no elements.
        y: The same upwards.
        data: What a click on each hands on (``customdata``).
        texts: What each says under the mouse.
        size: Diameter (pixels).
    """
    marker = {"size": size, "color": INK, "opacity": 0}
    said = {"hovertext": texts, "hovertemplate": "%{hovertext}<extra></extra>"}
    return go.Scatter(x=x, y=y, customdata=data, name="pick", mode="markers", showlegend=False, marker=marker, **said)


def chosen(x: float, y: float, size: float) -> go.Scatter:
    """A ring named "chosen" around a point."""
    looks = {"mode": "markers", "showlegend": False, "hoverinfo": "skip", "marker": ring(size)}
    return go.Scatter(x=[x], y=[y], name="chosen", **looks)


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
