"""Filters over the epochs: a picture that moves, with the accuracy of the same epoch below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.curves import VALIDATION_LINE
from core.figures.findings import filters as findings
from core.figures.frequency_axis import Axis, as_one_line, frequency_axis, positions
from core.frontend.filter_facts import View, snapshot_seen_as
from core.frontend.kernel_facts import PADDING, joined, pair_power
from core.frontend.mel_scale import bin_frequencies, decibels, gain_and_shape
from core.records.filters import FilterSnapshot
from core.records.training import EpochReport
from core.statistics import wilson

FRAME_MS = 700
"""Time that an epoch stays in sight while playing."""

FLOOR_DB = -80.0


def mel_evolution(
    snapshots: Sequence[FilterSnapshot],
    reports: Sequence[EpochReport],
    sample_rate: int,
    *,
    chosen: int | None = None,
    view: View = "learned",
    axis: Axis = "hz",
    n_validation: int | None = None,
    shown_epoch: int | None = None,
    title: str | None = None,
) -> go.Figure:
    """All mel filters at every kept epoch, to play or to step through; the first epoch stays behind them.

    Args:
        snapshots: Filters at the kept epochs, earliest first; the first one counts as initial.
        reports: Reports of the epochs; may be empty.
        sample_rate: Samples per second (Hz).
        chosen: Number of a filter to bring out; None treats all alike.
        view: Whether the filters are drawn as learned, or only their shapes or their gains.
        axis: Frequencies in Hz, or spaced by pitch.
        n_validation: Clips that the accuracy was measured on, to show how far it can be trusted; None if not known.
        shown_epoch: Epoch to begin with; None takes the last one.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned", "validation accuracy" and "shape change" below, the markers
        "this epoch" on both, a frame an epoch, a slider and buttons.
    """
    start = snapshots[0]
    hz = bin_frequencies(2 * (start.mel_basis.shape[1] - 1), sample_rate)
    seen = [snapshot_seen_as(start, snapshot, view).mel_basis for snapshot in snapshots]
    along, still = as_one_line(hz, start.mel_basis, axis)

    def moving(at: int) -> list[NDArray[np.float32]]:
        return [as_one_line(hz, seen[at], axis)[1], *([] if chosen is None else [seen[at][chosen]])]

    curves: list[tuple[NDArray[np.float32], dict[str, object]]] = [(along, {"width": 1})]
    if chosen is not None:
        curves.append((positions(hz, axis).astype(np.float32), {"width": 3}))
    changes = [gain_and_shape(start.mel_basis, snapshot.mel_basis) for snapshot in snapshots]
    figure = _figure()
    line = {**style.INITIAL_LINE, "width": 1, "dash": "4px,2px"}
    figure.add_scatter(x=along, y=still, name="initial", mode="lines", line=line, hoverinfo="skip", row=1, col=1)
    shapes = _animate(figure, snapshots, reports, changes, curves, moving, shown_epoch, n_validation)
    largest = max(float(np.max(weights, initial=0.0, where=np.isfinite(weights))) for weights in seen)
    figure.update_yaxes(title_text=style.AXIS_WEIGHT, range=[0, 1.05 * largest], row=1, col=1)
    frequency_axis(figure, axis, float(hz[-1]), row=1)
    figure.update_xaxes(range=positions(hz[[0, -1]], axis).tolist(), row=1, col=1)
    note = (
        f"Kept at {len(snapshots)} moments of training. Below: the share of validation clips right, and the median "
        "change in shape."
    )
    finding = findings.over_epochs([each.epoch for each in snapshots], shapes, "the median filter's shape")
    return _finish(figure, title or "How the mel filters came about", finding, note)


def kernel_evolution(
    snapshots: Sequence[FilterSnapshot],
    reports: Sequence[EpochReport],
    sample_rate: int,
    bin: int,
    *,
    view: View = "learned",
    n_validation: int | None = None,
    shown_epoch: int | None = None,
    title: str | None = None,
) -> go.Figure:
    """What one pair of STFT kernels answers to at every kept epoch, to play or to step through.

    Args:
        snapshots: Filters at the kept epochs, earliest first, with kernels; the first one counts as initial.
        reports: Reports of the epochs; may be empty.
        sample_rate: Samples per second (Hz).
        bin: Number of the frequency bin, from 0.
        view: Whether the kernels are drawn as learned, or only their shapes or their gains.
        n_validation: Clips that the accuracy was measured on, to show how far it can be trusted; None if not known.
        shown_epoch: Epoch to begin with; None takes the last one.
        title: Title; None writes one.

    Returns:
        Figure like that of ``mel_evolution``, with responses in dB above.
    """
    start = snapshots[0]
    hz = bin_frequencies(PADDING * start.stft_cos.shape[1], sample_rate)
    seen = [snapshot_seen_as(start, snapshot, view) for snapshot in snapshots]
    answers = [np.sqrt(pair_power(one.stft_cos[bin], one.stft_sin[bin])) for one in seen]
    reference = float(answers[0].max())
    levels = [decibels(each, reference=reference, floor_db=FLOOR_DB).astype(np.float32) for each in answers]
    changes = [gain_and_shape(joined(start)[bin : bin + 1], joined(snapshot)[bin : bin + 1]) for snapshot in snapshots]
    figure = _figure()
    figure.add_scatter(
        x=hz, y=levels[0], name="initial", mode="lines", line=style.INITIAL_UNDER, hoverinfo="skip", row=1, col=1
    )
    curves: list[tuple[NDArray[np.float32], dict[str, object]]] = [(hz.astype(np.float32), {})]
    shapes = _animate(figure, snapshots, reports, changes, curves, lambda at: [levels[at]], shown_epoch, n_validation)
    figure.update_yaxes(
        title_text="Response (dB)", range=[FLOOR_DB, max(0.0, *map(float, map(np.max, levels))) + 6], row=1, col=1
    )
    figure.update_xaxes(title_text="Frequency of the tone (Hz)", range=[0, hz[-1]], row=1, col=1)
    title = title or f"How bin {bin} came about"
    finding = findings.over_epochs([each.epoch for each in snapshots], shapes, f"the shape of bin {bin}")
    note = f"Kept at {len(snapshots)} moments of training. 0{style.NBSP}dB: the initial peak."
    return _finish(figure, title, finding, note)


def _figure() -> go.Figure:
    return make_subplots(rows=3, cols=1, row_heights=[0.52, 0.24, 0.24], vertical_spacing=0.1)


def _animate(
    figure: go.Figure,
    snapshots: Sequence[FilterSnapshot],
    reports: Sequence[EpochReport],
    changes: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
    curves: list[tuple[NDArray[np.float32], dict[str, object]]],
    moving: Callable[[int], list[NDArray[np.float32]]],
    shown_epoch: int | None,
    n_validation: int | None,
) -> list[float]:
    """Add what moves, the curves below that it belongs to, and the controls; gives the median changes in shape."""
    epochs = [snapshot.epoch for snapshot in snapshots]
    first = epochs.index(shown_epoch) if shown_epoch in epochs else len(epochs) - 1
    for number, ((across, looks), up) in enumerate(zip(curves, moving(first), strict=True)):
        figure.add_scatter(
            x=across,
            y=up,
            name="learned",
            mode="lines",
            line={**style.LEARNED_LINE, **looks},
            showlegend=number == 0,
            hoverinfo="skip",
            row=1,
            col=1,
        )
    accuracy = {
        report.epoch: 100 * report.validation_accuracy for report in reports if report.validation_accuracy is not None
    }
    marks = [accuracy.get(epoch, np.nan) for epoch in epochs]
    with np.errstate(all="ignore"):
        shape = [100 * float(np.nanmedian(each)) if np.isfinite(each).any() else np.nan for _, each in changes]
        gain = [float(np.nanmedian(each)) if np.isfinite(each).any() else np.nan for each, _ in changes]
    _add_accuracy(figure, accuracy, n_validation)
    figure.add_scatter(
        x=epochs,
        y=shape,
        customdata=gain,
        name="shape change",
        mode="lines+markers",
        showlegend=False,
        line={**style.LEARNED_LINE},
        marker={"size": 6},
        hovertemplate="epoch %{x}: %{y:.3g} % new in shape, gain × %{customdata:.3g} (medians)<extra></extra>",
        row=3,
        col=1,
    )
    for row, values in ((2, marks), (3, shape)):
        ring = style.chosen(epochs[first], values[first], 14).update(name="this epoch")
        figure.add_trace(ring, row=row, col=1)
    n = len(curves)
    traces = [*range(1, 1 + n), 4 + n, 5 + n]
    figure.frames = [
        go.Frame(
            name=str(epoch),
            traces=traces,
            data=[
                *({"type": "scatter", "y": up} for up in moving(at)),
                {"type": "scatter", "x": [epoch], "y": [marks[at]]},
                {"type": "scatter", "x": [epoch], "y": [shape[at]]},
            ],
        )
        for at, epoch in enumerate(epochs)
    ]
    _controls(figure, epochs, first)
    figure.update_yaxes(title_text="Accuracy (%)", row=2, col=1)
    figure.update_yaxes(title_text="Shape change (%)", row=3, col=1)
    last = max([*epochs, *accuracy, 1])
    for row in (2, 3):
        figure.update_xaxes(range=[-0.02 * last - 0.3, 1.02 * last + 0.3], row=row, col=1)
        figure.update_yaxes(nticks=5, row=row, col=1)
    figure.update_yaxes(rangemode="tozero", row=3, col=1)
    figure.update_xaxes(matches="x3", showticklabels=False, row=2, col=1)
    figure.update_xaxes(title_text="Epoch (number)", row=3, col=1)
    return [each / 100 for each in shape]


def _add_accuracy(figure: go.Figure, accuracy: dict[int, float], n_validation: int | None) -> None:
    """Accuracy over the epochs in the second panel, with its interval; always two traces, which frames count on."""
    epochs, values = list(accuracy), np.array(list(accuracy.values()))
    low, high = wilson(values / 100 * (n_validation or 0), np.full(len(values), n_validation or 0))
    known = n_validation is not None and len(values) > 0
    n = len(values) if known else 0
    interval = style.band(epochs[:n], 100 * low[:n], 100 * high[:n], VALIDATION_LINE["color"], name="95 % interval")
    figure.add_trace(interval.update(showlegend=False), row=2, col=1)
    texts = [
        f"epoch {epoch}: {value:.1f} % of "
        + (f"{n_validation:,} " if known else "the ")
        + "validation clips right"
        + (f"<br>95 % interval {100 * a:.1f} to {100 * b:.1f} %" if known else "")
        for epoch, value, a, b in zip(epochs, values, low, high, strict=True)
    ]
    figure.add_scatter(
        x=epochs,
        y=values,
        text=texts,
        name="validation accuracy",
        mode="lines",
        line=VALIDATION_LINE,
        showlegend=False,
        hovertemplate="%{text}<extra></extra>",
        row=2,
        col=1,
    )


def _controls(figure: go.Figure, epochs: list[int], first: int) -> None:
    """A slider over the epochs, and buttons that play and pause."""
    at_once = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}}
    playing = {"fromcurrent": True, "frame": {"duration": FRAME_MS, "redraw": False}, "transition": {"duration": 0}}
    figure.update_layout(
        updatemenus=[
            {
                "type": "buttons",
                "direction": "right",
                "showactive": False,
                "x": 0,
                "xanchor": "left",
                "y": -0.11,
                "yanchor": "top",
                "pad": {"t": 0, "r": 8},
                "bgcolor": style.WHITE,
                "bordercolor": style.FAINT_INK,
                "buttons": [
                    {"label": "▶ play", "method": "animate", "args": [None, playing]},
                    {"label": "❚❚ pause", "method": "animate", "args": [[None], at_once]},
                ],
            }
        ],
        sliders=[
            {
                "active": first,
                "x": 0,
                "len": 1,
                "y": -0.2,
                "yanchor": "top",
                "pad": {"t": 6, "b": 0},
                "currentvalue": {"prefix": "Epoch ", "font": {"size": 13, "color": style.INK}},
                "steps": [{"label": str(one), "method": "animate", "args": [[str(one)], at_once]} for one in epochs],
            }
        ],
    )


def _finish(figure: go.Figure, title: str, finding: str, note: str) -> go.Figure:
    legend = ("initial", "learned")
    return style.finish(figure, title=title, finding=finding, note=note, height=560, legend=legend, bottom=165)
