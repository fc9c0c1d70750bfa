"""The frequency axis of the filter pictures: straight in Hz, or spaced by pitch."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import style
from core.frontend.mel_scale import hz_to_mel

Axis = Literal["hz", "mel"]

AXES: dict[Axis, str] = {"hz": "Hz", "mel": "mel (by pitch)"}

AXIS_PITCH = "Frequency (Hz), spaced by pitch (mel)"

_TICKS_HZ = (0, 500, 1000, 2000, 4000, 8000, 16_000)


def positions(hz: NDArray[np.floating], axis: Axis) -> NDArray[np.float64]:
    """Where frequencies stand on the axis: in Hz, or in mel by Slaney's formula.

    >>> positions(np.array([500.0, 1000.0]), "mel").tolist()
    [7.5, 15.0]
    """
    return np.asarray(hz, dtype=np.float64) if axis == "hz" else hz_to_mel(hz)


def as_one_line(
    hz: NDArray[np.floating], weights: NDArray[np.floating], axis: Axis
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places and heights of all filters as one line, cut apart by gaps: a trace a filter would make a page slow.

    Args:
        hz: Frequencies of the bins (Hz), shape (n_bins,).
        weights: A row a filter, shape (n_filters, n_bins).
        axis: Frequencies in Hz, or spaced by pitch.

    Returns:
        Both of shape (n_filters * (n_bins + 1),), with a NaN after each filter.

    >>> along, up = as_one_line(np.array([0.0, 8000.0]), np.array([[1.0, 2.0], [3.0, 4.0]]), "hz")
    >>> up.tolist()
    [1.0, 2.0, nan, 3.0, 4.0, nan]
    """
    gaps = np.full((len(weights), 1), np.nan)
    along = np.tile(np.append(positions(hz, axis), np.nan), len(weights))
    return along.astype(np.float32), np.hstack([weights, gaps]).ravel().astype(np.float32)


def frequency_axis(figure: go.Figure, axis: Axis, top_hz: float, *, row: int | None = None, title: bool = True) -> None:
    """Give the x axis (of one row) its title and, where it is spaced by pitch, marks that still read in Hz."""
    looks: dict[str, Any] = {"title_text": (style.AXIS_HZ if axis == "hz" else AXIS_PITCH) if title else ""}
    if axis == "mel":
        marks = [hz for hz in _TICKS_HZ if hz <= top_hz]
        looks |= {
            "tickmode": "array",
            "tickvals": hz_to_mel(marks).tolist(),
            "ticktext": [f"{hz:,}" if hz < 1000 else f"{hz // 1000}k" for hz in marks],
        }
    figure.update_xaxes(**looks, **({"row": row, "col": 1} if row else {}))
