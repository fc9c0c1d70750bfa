"""A picture of what fitting a model to a room changed."""

from __future__ import annotations

import plotly.graph_objects as go

from core.figures import style
from core.records.room import QUIET, Adaptation

LOOKS = {"before": (style.INITIAL_COLOUR, "circle-open"), "after": (style.LEARNED_COLOUR, "circle")}
"""Colour and symbol of the model before and after."""


def before_and_after(report: Adaptation, *, title: str | None = None) -> go.Figure:
    """Accuracy before and after in each condition, from quiet to the most noise.

    Args:
        report: What was measured.
        title: Title; None writes one.

    Returns:
        Figure with the markers "before" and "after" (%, whiskers: 95 % intervals), which share their clips.
    """
    figure = go.Figure()
    names = [_named(one.condition) for one in report.scores]
    for which, (colour, symbol) in LOOKS.items():
        shares = [100 * float(getattr(one, which)) for one in report.scores]
        lows, highs = style.percents([getattr(one, f"{which}_interval") for one in report.scores])
        figure.add_scatter(
            x=shares,
            y=names,
            error_x=style.whiskers(shares, lows, highs, thickness=1.4, width=5),
            name=which,
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 12, "line": {"width": 2, "color": colour}},
            hovertemplate=f"%{{y}}, {which}: %{{x:.1f}} %<extra></extra>",
        )
    figure.update_xaxes(title_text="Clips answered right (%)", range=[0, 100])
    figure.update_yaxes(title_text="Condition", autorange="reversed")
    return style.finish(
        figure,
        title=title or "Before and after",
        finding=report.verdict,
        note=f"{report.n:,} clips that were not learned from, in noise that was not. Whiskers: 95 % intervals; the "
        "same clips were answered twice, so a difference is known better than they show.",
        height=220,
        legend=tuple(LOOKS),
    )


def _named(condition: str) -> str:
    return "In quiet" if condition == QUIET else f"{condition} above noise"
