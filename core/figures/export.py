"""The numbers of a figure as a table, for whoever wants to draw them again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go

AXES = ("x", "y", "z")


def as_csv(figure: go.Figure) -> str:
    """All that a figure plots, a row a point: its trace, x, y, and z where there is one; axis titles name the columns.

    Empty cells of heat maps are left out.

    >>> as_csv(go.Figure(go.Scatter(name="a", x=[1, 2], y=[3, 4]))).split()
    ['trace,x,y,z', 'a,1,3,', 'a,2,4,']
    """
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(("trace", *(_title(figure, axis) for axis in AXES)))
    for number, trace in enumerate(figure.data, start=1):
        name = _plain(trace.name) or f"{trace.type} {number}"
        table.writerows((name, *row) for row in _points(trace))
    return file.getvalue()


def _points(trace: Any) -> Iterator[tuple[Any, Any, Any]]:
    x, y, z = (_column(trace, axis) for axis in AXES)
    if z is None or z.ndim != 2:
        length = max((len(values) for values in (x, y, z) if values is not None), default=0)
        columns = [_filled(values, length) for values in (x, y)]
        yield from zip(*columns, [""] * length if z is None else z.tolist(), strict=True)
        return
    rows, columns = _filled(y, z.shape[0]), _filled(x, z.shape[1])
    for row, values in zip(rows, z.tolist(), strict=True):
        for column, value in zip(columns, values, strict=True):
            if value == value:  # no cell stands for what is not a number
                yield column, row, value


def _column(trace: Any, axis: str) -> np.ndarray[Any, Any] | None:
    # Traces without such an axis raise AttributeError, empty ones give None.
    values = getattr(trace, axis, None) if axis in trace else None
    return None if values is None else np.asarray(values)


def _filled(values: np.ndarray[Any, Any] | None, length: int) -> list[Any]:
    """As a list; where plotly counts by itself, the numbers it counts."""
    return list(range(length)) if values is None else values.tolist()


def _title(figure: go.Figure, axis: str) -> str:
    """Title of the first axis of that name, or of the colour bar; else the axis's letter."""
    if axis == "z":
        bars = (trace.colorbar.title.text for trace in figure.data if "colorbar" in trace and "z" in trace)
        return _plain(next((text for text in bars if text), None)) or "z"
    return _plain(figure.layout[f"{axis}axis"].title.text) or axis


def _plain(text: str | None) -> str:
    """A text without plotly's tags."""
    return (text or "").replace("<br>", " ").replace("<b>", "").replace("</b>", "").strip()
