"""Pictures of detection: each keyword against the rest, and what a threshold on its answer costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots
from scipy.special import ndtri

from core.figures import style
from core.figures.findings import scores as findings
from core.metrics import DetectionCurve, ThresholdCosts
from core.statistics import wilson

DET_TICKS = (0.1, 0.5, 2, 5, 10, 20, 40, 80)
"""Percentages written on the axes of a DET figure."""

HIGHEST_SHARE = 0.8
"""Where the axes of a DET figure end: beyond, nobody wants to be."""

OTHERS = "other words"

MISS_COLOUR, FALSE_ALARM_COLOUR = style.VERMILLION, style.GREEN


def roc_curves(curves: Sequence[DetectionCurve], *, chosen: str = "", title: str | None = None) -> go.Figure:
    """Share of a keyword's clips found against the share of other clips taken for it, as the threshold falls.

    Args:
        curves: A curve for each keyword; may be empty.
        chosen: Label of the keyword to draw strongly; the others are faint. Empty draws all alike.
        title: Title; None writes one.

    Returns:
        Figure with a line for each keyword (``meta`` is its label), the line "guessing", and the marker "equal errors"
        of the chosen one.
    """
    figure = go.Figure(style.guide([0, 100], [0, 100], "guessing").update(showlegend=False))
    for curve in curves:
        found = 100 * (1 - curve.misses)
        _add_curve(figure, curve, 100 * curve.false_alarms, found, chosen)
    for curve in curves:
        if curve.label == chosen:
            _add_equal_errors(figure, curve, 100 * curve.eer, 100 * (1 - curve.eer))
    figure.update_xaxes(title_text="Other clips taken for the word (%)", range=[-2, 102])
    figure.update_yaxes(title_text="Clips of the word found (%)", range=[-2, 102])
    note = "Towards the upper left is better. Dotted: guessing." if curves else ""
    return _finish(figure, curves, chosen, title or "ROC: each keyword against the rest", note, "auc")


def det_curves(curves: Sequence[DetectionCurve], *, chosen: str = "", title: str | None = None) -> go.Figure:
    """Share of a keyword's clips missed against the share of other clips taken for it (Martin and others, 1997).

    Both axes are stretched by the quantiles of the normal distribution, which pulls the corner apart where good models
    crowd in a ROC figure. A share of none is drawn as that of half a clip.

    Args:
        curves: A curve for each keyword; may be empty.
        chosen: Label of the keyword to draw strongly; the others are faint. Empty draws all alike.
        title: Title; None writes one.

    Returns:
        Figure with a line for each keyword (``meta`` is its label), the line "equal errors line", and the marker
        "equal errors" of the chosen one.
    """
    least_x = min((0.5 / curve.n_others for curve in curves), default=1e-3)
    least_y = min((0.5 / curve.n for curve in curves), default=1e-3)
    least = min(least_x, least_y)
    diagonal = ndtri([least, HIGHEST_SHARE])
    figure = go.Figure(style.guide(diagonal, diagonal, "equal errors line").update(showlegend=False))
    for curve in curves:
        _add_curve(
            figure, curve, _stretched(curve.false_alarms, curve.n_others), _stretched(curve.misses, curve.n), chosen
        )
    for curve in curves:
        if curve.label == chosen:
            _add_equal_errors(figure, curve, *(float(_stretched(curve.eer, n)) for n in (curve.n_others, curve.n)))
    for axis, first, name in (
        (figure.layout.xaxis, least_x, "Other clips taken for the word (%)"),
        (figure.layout.yaxis, least_y, "Clips of the word missed (%)"),
    ):
        ticks = [tick for tick in DET_TICKS if first <= tick / 100 <= HIGHEST_SHARE]
        axis.update(
            title={"text": name},
            range=[float(ndtri(first)) - 0.1, float(ndtri(HIGHEST_SHARE))],
            tickvals=[float(ndtri(tick / 100)) for tick in ticks],
            ticktext=[f"{tick:g}" for tick in ticks],
        )
    note = "Towards the lower left is better. Dotted: as many misses as false alarms." if curves else ""
    return _finish(figure, curves, chosen, title or "DET: each keyword against the rest", note, "eer")


def _stretched(shares: ArrayLike, n: int) -> NDArray[np.float64]:
    """Shares as quantiles of the normal distribution; none and all are half a clip away from the end."""
    return np.asarray(ndtri(np.clip(shares, 0.5 / n, 1 - 0.5 / n)))


def _add_curve(
    figure: go.Figure, curve: DetectionCurve, across: NDArray[np.float64], up: NDArray[np.float64], chosen: str
) -> None:
    line = style.word_line(curve.label, curve.labels)
    strong = curve.label == chosen
    word = style.word_text(curve.label)
    # One entry stands for all faint lines: ten would take half of a phone.
    is_first_other = not strong and all(trace.legendgroup != OTHERS for trace in figure.data)
    figure.add_scatter(
        x=across,
        y=up,
        name=word if strong or not chosen else OTHERS,
        legendgroup=word if strong or not chosen else OTHERS,
        showlegend=strong or not chosen or is_first_other,
        meta=curve.label,
        mode="lines",
        line={**line, "width": 4 if strong else 1.6},
        opacity=1.0 if strong or not chosen else 0.35,
        text=[
            f"“{word}” from {100 * min(threshold, 1):.1f} % on:<br>{100 * miss:.1f} % of {curve.n:,} missed,<br>"
            f"{100 * alarm:.2f} % of {curve.n_others:,} others taken for it"
            for threshold, miss, alarm in zip(curve.thresholds, curve.misses, curve.false_alarms, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _add_equal_errors(figure: go.Figure, curve: DetectionCurve, x: float, y: float) -> None:
    figure.add_scatter(
        x=[x],
        y=[y],
        name="equal errors",
        mode="markers",
        marker=style.STAR,
        hovertemplate=f"equal error rate of “{style.word_text(curve.label)}”: {100 * curve.eer:.1f} %<extra></extra>",
    )


def _finish(
    figure: go.Figure, curves: Sequence[DetectionCurve], chosen: str, title: str, note: str, measure: findings.Measure
) -> go.Figure:
    legend = [style.word_text(curve.label) for curve in curves]
    if chosen in {curve.label for curve in curves}:
        legend = [style.word_text(chosen), OTHERS, "equal errors"]
        note += " Star: where both errors are equal."
    if not curves:
        style.panel_note(figure, "No keyword has clips beside others.")
    finding = findings.detection(curves, chosen, measure)
    return style.finish(figure, title=title, finding=finding, note=note, height=420, legend=legend)


def threshold_cost_curves(
    costs: ThresholdCosts, *, threshold: float | None = None, title: str | None = None
) -> go.Figure:
    """What it costs to accept an answer only from a probability on: misses above, false alarms below.

    Args:
        costs: Misses and false alarms of one keyword.
        threshold: The one to mark, 0 to 1; None marks none.
        title: Title; None writes one.

    Returns:
        Figure with the lines "misses" and "false alarms" (% of the clips that count), each with the band of its 95 %
        interval.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.09)
    word = style.word_text(costs.label)
    missed, taken = f"clips of “{word}” missed", f"other clips taken for “{word}”"
    panels = (
        ("misses", costs.misses, costs.n, missed, MISS_COLOUR, "solid"),
        ("false alarms", costs.false_alarms, costs.n_others, taken, FALSE_ALARM_COLOUR, "dash"),
    )
    for row, (name, counts, n, what, colour, dash) in enumerate(panels, start=1):
        low, high = (100 * ends for ends in wilson(counts, n))
        interval = style.band(100 * costs.thresholds, low, high, colour, name="interval", showlegend=False)
        figure.add_trace(interval, row=row, col=1)
        figure.add_scatter(
            x=100 * costs.thresholds,
            y=100 * counts / n,
            name=name,
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2.4, "shape": "hv"},
            text=[f"{count:,} of {n:,} {what}" for count in counts],
            hovertemplate="from %{x:.1f} % on: %{text} (%{y:.2f} %)<extra></extra>",
            row=row,
            col=1,
        )
    if threshold is not None:
        mark: dict[str, Any] = {"line": {"color": style.INK, "width": 2}, "name": "threshold"}
        figure.add_vline(x=100 * threshold, **mark)
    figure.update_xaxes(range=[0, 100])
    figure.update_xaxes(title_text="Answers count from this probability on (%)", row=2, col=1)
    figure.update_yaxes(title_text="Missed (%)", range=[0, 102], row=1, col=1)
    figure.update_yaxes(title_text="False alarms (%)", rangemode="tozero", row=2, col=1)
    note = f"Of {costs.n:,} clips of the word and {costs.n_others:,} others. Bands: 95{style.NBSP}% intervals."
    title = title or f"What a threshold for “{word}” costs"
    finding = findings.threshold(costs, threshold)
    return style.finish(figure, title=title, finding=finding, note=note, height=380, legend=("misses", "false alarms"))
