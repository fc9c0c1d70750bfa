"""What PCEN became, band by band: how long a level is remembered, gain, bias and root, initial beside learned."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.findings.filters import pcen as finding_of
from core.records.filters import PcenBands

PANELS = {
    "level": ("How long a level is remembered", "Time constant (ms)"),
    "gain": ("How much of the level is divided away", "Gain (no unit)"),
    "bias": ("What is added before the root", "Bias (no unit)"),
    "root": ("How strongly it is compressed", "Root (exponent)"),
}
"""Heading and axis of each number."""


def pcen_bands(learned: PcenBands, hop_ms: float, *, title: str = "What PCEN learned") -> go.Figure:
    """The four numbers of each band.

    Args:
        learned: After training.
        hop_ms: From one frame to the next (ms).
        title: Title.

    Returns:
        Figure with a panel for each of ``PANELS`` and in it the traces "initial" and "learned".
    """
    n_mels = len(learned.gain)
    start = PcenBands.at_start(n_mels)
    figure = make_subplots(rows=4, cols=1, shared_xaxes=True, vertical_spacing=0.09)
    numbers = np.arange(n_mels)
    for row, (name, (heading, axis)) in enumerate(PANELS.items(), 1):
        before, after = (
            bands.time_constant_ms(hop_ms) if name == "level" else getattr(bands, name) for bands in (start, learned)
        )
        for series, values, line in (("initial", before, style.INITIAL_LINE), ("learned", after, style.LEARNED_LINE)):
            figure.add_scatter(
                x=numbers,
                y=values,
                name=series,
                legendgroup=series,
                showlegend=row == 1,
                mode="lines" if series == "initial" else "lines+markers",
                line=line,
                marker={**style.DOT, "size": 6},
                hovertemplate=f"band %{{x}}: {series} %{{y:.3g}}<extra></extra>",
                row=row,
                col=1,
            )
        figure.update_yaxes(title_text=axis, type="log" if name == "level" else "linear", row=row, col=1)
        style.panel_heading(figure, row, heading)
    figure.update_xaxes(title_text="Mel filter (number)", row=4, col=1)
    note = "Each band has four numbers of its own; dashed, the published ones that all begin with."
    style.finish(
        figure,
        title=title,
        finding=finding_of(learned, hop_ms),
        note=note,
        height=640,
        legend=("initial", "learned"),
        heading=True,
    )
    return figure.update_layout(legend_y=1.04)
