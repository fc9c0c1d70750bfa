"""One picture that tells what training did to the mel filters."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.describe import change_note, untrained
from core.figures.filterbank import add_filters
from core.figures.findings import filters as findings
from core.frontend.mel_scale import filter_bands
from core.records.filters import Filters


def overview_picture(filters: Filters, *, title: str | None = None) -> go.Figure:
    """Initial filters, learned filters, and where each listens before and after, on one frequency axis.

    Args:
        filters: Filters before and after training.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial", "learned", "initial span" and "learned span".
    """
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.085, row_heights=[0.27, 0.27, 0.46])
    add_filters(figure, filters, 1)
    figure.update_xaxes(title_text="", row=2, col=1)
    _add_spans(figure, filters, 3)
    style.panel_heading(figure, 3, f"Where each listens: {_key()}")
    figure.update_xaxes(title_text=style.AXIS_HZ, row=3, col=1)
    if title is None:
        title = "What training did to the mel filters"
        if untrained(filters, "mel"):
            title = "The mel filters of a model that leaves them alone"
    note = f"{change_note(filters, 'mel')} Bars below: the middle half of each filter's weight."
    finding = findings.bank(filters, "mel")
    return style.finish(figure, title=title, finding=finding, note=note, height=570, heading=True)


def _key() -> str:
    """The two line styles, written in their own colours."""
    return (
        f'<span style="color:{style.INITIAL_COLOUR}">○ initial</span>  '
        f'<span style="color:{style.LEARNED_COLOUR}">● learned</span>'
    )


def _add_spans(figure: go.Figure, filters: Filters, row: int) -> None:
    """Draw centre and width of every filter into one panel: a bar a filter, a dot at its centre."""
    sides = (
        ("learned", filters.learned.mel_basis, style.LEARNED_LINE, "circle", 0.0),
        ("initial", filters.initial.mel_basis, style.INITIAL_LINE, "circle-open", 0.36),
    )
    numbers = np.arange(len(filters.initial.mel_basis))
    for name, weights, line, symbol, offset in sides:
        low, centres, high = filter_bands(weights, filters.sample_rate)
        figure.add_scatter(
            # Low end, centre, high end, gap: one trace draws all bars, and the marker shows only at the centre.
            x=np.stack([low, centres, high, np.full_like(low, np.nan)], axis=1).ravel(),
            y=np.repeat(numbers + offset, 4),
            customdata=np.repeat(np.stack([numbers, low, centres, high], axis=1), 4, axis=0),
            name=f"{name} span",
            mode="lines+markers",
            line={**line, "width": 1.6 if name == "initial" else 2.6},
            marker={
                "symbol": symbol,
                "size": np.tile([0, 7, 0, 0], len(numbers)),
                "color": line["color"],
                "opacity": 1,
                "line": {"width": 1.2, "color": line["color"]},
            },
            hovertemplate=f"{name}, filter %{{customdata[0]}}<br>"
            "half of its weight lies from %{customdata[1]:,.0f}<br>"
            "to %{customdata[3]:,.0f} Hz; the middle is %{customdata[2]:,.0f} Hz<extra></extra>",
            row=row,
            col=1,
        )
    figure.update_yaxes(title_text="Mel filter (number)", range=[-1.2, len(numbers) + 0.4], row=row, col=1)
    figure.update_xaxes(range=[0, filters.sample_rate / 2], row=row, col=1)
