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
