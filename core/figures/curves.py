"""Pictures of a training run, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.findings import training as findings
from core.records.training import EpochReport

TRAIN_LINE: dict[str, Any] = {"color": style.VERMILLION, "dash": "dash", "width": 2}
VALIDATION_LINE: dict[str, Any] = {"color": style.GREEN, "dash": "solid", "width": 2.4}
MANY = 40
"""From this many points on, lines carry no or small markers."""


def training_curves(reports: Sequence[EpochReport], *, title: str | None = None) -> go.Figure:
    """Accuracy and loss over the epochs, on training and validation clips, with the best epoch marked.

    Args:
        reports: Reports of the epochs so far; may be empty, and validation may be missing in some.
        title: Title; None writes one.

    Returns:
        Figure with the traces "train" and "validation" (accuracy in %, then loss), and "best epoch".
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    epochs = [report.epoch for report in reports]
    checked = [report for report in reports if report.validation_accuracy is not None]
    when = [report.epoch for report in checked]
    curves = (
        (1, "train", epochs, [100 * report.train_accuracy for report in reports], TRAIN_LINE),
        (1, "validation", when, [100 * (report.validation_accuracy or 0) for report in checked], VALIDATION_LINE),
        (2, "train", epochs, [report.train_loss for report in reports], TRAIN_LINE),
        (2, "validation", when, [report.validation_loss for report in checked], VALIDATION_LINE),
    )
    for row, name, across, up, line in curves:
        unit = " %" if row == 1 else " nats"
        figure.add_scatter(
            x=across,
            y=up,
            name=name,
            legendgroup=name,
            showlegend=row == 1,
            line=line,
            **_markers(name, len(across)),
            hovertemplate=f"{name}, epoch %{{x}}: %{{y:.3g}}{unit}<extra></extra>",
            row=row,
            col=1,
        )
    _mark_best(figure, reports)
    figure.update_yaxes(title_text="Accuracy (%)", row=1, col=1)
    figure.update_yaxes(title_text="Loss (nats)", row=2, col=1)
    figure.update_xaxes(title_text="Epoch (number)", row=2, col=1)
    _whole_epochs(figure, epochs)
    legend = ("train", "validation", "best epoch") if reports else ()
    note = f"Epoch {reports[-1].epoch} of {reports[-1].epochs}." if reports else ""
    return style.finish(
        figure, title=title or "Training", finding=findings.curves(reports), note=note, height=440, legend=legend
    )


def filter_movement(reports: Sequence[EpochReport], *, title: str | None = None) -> go.Figure:
    """How far the filters have moved from where they started, epoch by epoch.

    Args:
        reports: Reports of the epochs so far; may be empty.
        title: Title; None writes one.

    Returns:
        Figure with the traces "mel filters" and "STFT kernels": ||W − W0|| / ||W0|| in percent.
    """
    figure = go.Figure()
    epochs = [report.epoch for report in reports]
    dotted = {"color": style.VERMILLION, "dash": "dot", "width": 2.4}
    sides = (
        ("mel filters", [100 * report.mel_change for report in reports], style.LEARNED_LINE, "circle"),
        ("STFT kernels", [100 * report.stft_change for report in reports], dotted, "square"),
    )
    for name, changes, line, symbol in sides:
        figure.add_scatter(
            x=epochs,
            y=changes,
            name=name,
            mode="lines+markers",
            line=line,
            marker={"symbol": symbol, "size": 7 if len(epochs) < MANY else 3},
            hovertemplate=f"{name}, epoch %{{x}}<br>moved by %{{y:.3g}} % of their own size<extra></extra>",
        )
    note = "Distance from the initial weights, as a share of their size." if reports else ""
    if not reports:
        _none_yet(figure)
    figure.update_yaxes(title_text="Distance moved (%)", rangemode="tozero")
    figure.update_xaxes(title_text="Epoch (number)")
    _whole_epochs(figure, epochs)
    legend = [name for name, *_ in sides] if reports else []
    finding = findings.movement(reports)
    title = title or "How far the filters moved"
    return style.finish(figure, title=title, finding=finding, note=note, height=280, legend=legend)


def _markers(name: str, n: int) -> dict[str, object]:
    """Markers on every validated epoch; on the training line only where a line alone would show nothing."""
    if name == "train":
        return {"mode": "lines+markers" if n <= 2 else "lines", "marker": {"symbol": "diamond", "size": 7}}
    return {"mode": "lines+markers", "marker": {"symbol": "circle", "size": 7 if n < MANY else 4}}


def _mark_best(figure: go.Figure, reports: Sequence[EpochReport]) -> None:
    """Mark the best epoch in both panels."""
    if not reports:
        _none_yet(figure)
    best = findings.best_epoch(reports)
    if best is None:
        return
    accuracy = 100 * (best.validation_accuracy or 0.0)
    figure.add_scatter(
        x=[best.epoch],
        y=[accuracy],
        name="best epoch",
        mode="markers",
        marker=style.STAR,
        hovertemplate="best epoch %{x}: %{y:.1f} % of the validation clips right<extra></extra>",
        row=1,
        col=1,
    )
    for row in (1, 2):
        figure.add_vline(x=best.epoch, line={"color": style.INK, "width": 1, "dash": "dot"}, row=row, col=1)


def _none_yet(figure: go.Figure) -> None:
    figure.add_scatter(x=[], y=[], showlegend=False)
    style.panel_note(figure, findings.NO_EPOCH)


def _whole_epochs(figure: go.Figure, epochs: Sequence[int]) -> None:
    """Keep the epoch axis on whole numbers, also while there are only a few."""
    if epochs and max(epochs) - min(epochs) < 12:
        figure.update_xaxes(
            tick0=min(epochs), dtick=1 if len(epochs) < 7 else 2, range=[min(epochs) - 0.5, max(epochs) + 0.5]
        )
