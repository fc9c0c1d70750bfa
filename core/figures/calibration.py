"""The picture of calibration: how many answers were right, against how sure the model was of them."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.findings import scores as findings
from core.metrics import Reliability

POINTS_COLOUR = style.VERMILLION


def reliability_diagram(reliability: Reliability, *, title: str | None = None) -> go.Figure:
    """Share of right answers against their probability, with 95 % intervals; below, how many answers there were.

    Args:
        reliability: Answers in bins.
        title: Title; None writes one with the expected calibration error.

    Returns:
        Figure with the traces "perfect" (the diagonal), "answers" (a point a bin) and the bars "clips".
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.74, 0.26])
    confidence, accuracy = 100 * reliability.confidence, 100 * reliability.accuracy
    low, high = 100 * reliability.low, 100 * reliability.high
    figure.add_trace(style.guide([0, 100], [0, 100], "perfect"), row=1, col=1)
    figure.add_scatter(
        x=confidence,
        y=accuracy,
        name="answers",
        mode="lines+markers",
        line={"color": POINTS_COLOUR, "width": 2},
        marker={"symbol": "circle", "size": 9},
        error_y=style.whiskers(accuracy, low, high, thickness=1.5, width=4),
        text=[
            f"{n:,} answer{'s' if n != 1 else ''} with {100 * bottom:.0f} to {100 * top:.0f} %,<br>"
            f"{sure:.1f} % on average: {right:.1f} % were right<br>(95 % interval {least:.1f} to {most:.1f})"
            for n, bottom, top, sure, right, least, most in zip(
                reliability.n, reliability.bottoms, reliability.tops, confidence, accuracy, low, high, strict=True
            )
        ],
        hovertemplate="%{text}<extra></extra>",
        row=1,
        col=1,
    )
    widths = 100 * (reliability.tops - reliability.bottoms)
    figure.add_bar(
        x=100 * reliability.bottoms + widths / 2,
        y=reliability.n,
        width=widths,
        name="clips",
        text=[f"{n:,}" for n in reliability.n] if reliability.binning == "width" else None,
        textposition="outside",
        textfont={"size": 10},
        cliponaxis=False,
        marker={"color": style.MUTED, "line": {"color": style.WHITE, "width": 1}},
        customdata=[f"{100 * each:.1f}" for each in reliability.bottoms],
        hovertemplate="%{y:,} clips from %{customdata} % up<extra></extra>",
        row=2,
        col=1,
    )
    figure.update_xaxes(range=[0, 102])
    figure.update_xaxes(title_text="Probability that the model gave its answer (%)", row=2, col=1)
    figure.update_yaxes(title_text="Answers that were right (%)", range=[-2, 102], row=1, col=1)
    most = max((int(n) for n in reliability.n), default=1)
    figure.update_yaxes(title_text="Clips (number)", range=[0, 1.25 * most], nticks=3, row=2, col=1)
    note = (
        f"Expected calibration error {100 * reliability.ece:.1f}{style.NBSP}%, "
        f"n{style.NBSP}={style.NBSP}{reliability.n_clips:,}. Bars: 95{style.NBSP}% intervals."
    )
    legend = ("perfect", "answers")
    figure.update_traces(showlegend=False, selector={"name": "clips"})
    return style.finish(
        figure,
        title=title or "How sure, and how often right",
        finding=findings.calibration(reliability),
        note=note,
        height=430,
        legend=legend,
    )
