"""Pictures of experiments on a trained basis: what it was worth, where, and which part of it."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.describe import percent
from core.figures.findings import filters as filter_findings
from core.figures.findings import studies as findings_of
from core.figures.frequency_axis import as_one_line, frequency_axis
from core.frontend.mel_scale import bin_frequencies, gain_and_shape, hz_to_mel
from core.records.ablation import Findings, Outcome
from core.records.filters import Filters
from core.studies.ablation.between import filters_at, kernel_gains

CHANGED_COLOUR = style.VERMILLION
"""A basis that was changed: it is neither the initial nor the learned one."""

AXIS_ACCURACY = "Accuracy (%)"
AXIS_DIFFERENCE = "Difference (percentage points)"

ROW_PX = 52
"""Height of a row with one accuracy (pixels): two lines of text fit in."""

_WAY = "Accuracy on the way to the learned filters"


def clips_text(findings: Findings) -> str:
    """Which clips were asked, for a note below a title."""
    of = f" of {findings.n_all:,}" if findings.is_sample else ""
    sample = " (a sample)" if findings.is_sample else ""
    return f"{findings.clips_title.capitalize()}, {findings.n:,}{of} clips{sample}, 95{style.NBSP}% intervals."


def accuracy_on_the_way(findings: Findings, *, step: float | None = None, title: str | None = None) -> go.Figure:
    """Accuracy with the basis in steps from initial to learned.

    Args:
        findings: Of the experiment "interpolation".
        step: A step to mark (0 to 1); None marks none.
        title: Title; None writes one.

    Returns:
        Figure with the traces "95 % interval", "accuracy", and with ``step`` "looked at".
    """
    places = [one.place or 0.0 for one in findings.outcomes]
    accuracies = [100 * one.accuracy for one in findings.outcomes]
    low, high = style.percents([one.interval for one in findings.outcomes])
    figure = go.Figure(style.band(places, low, high, CHANGED_COLOUR, name="95 % interval"))
    figure.add_scatter(
        x=places,
        y=accuracies,
        name="accuracy",
        mode="lines+markers",
        line={"color": CHANGED_COLOUR, "width": 2},
        marker={
            "size": [11, *[7] * (len(places) - 2), 11],
            "opacity": 1,
            "color": [style.INITIAL_COLOUR, *[CHANGED_COLOUR] * (len(places) - 2), style.LEARNED_COLOUR],
        },
        customdata=[_hover(one) for one in findings.outcomes],
        hovertemplate="%{x:.1f} of the way<br>%{customdata}<extra></extra>",
    )
    figure.add_hline(y=100 * findings.baseline, line=style.GUIDE_LINE)
    if step is not None:
        figure.add_vline(x=step, line={"color": style.INK, "width": 1})
        figure.add_scatter(
            x=[step],
            y=[float(np.interp(step, places, accuracies))],
            name="looked at",
            mode="markers",
            marker=style.ring(13, width=2),
            hoverinfo="skip",
        )
    figure.update_xaxes(
        title_text="Way from initial to learned (no unit)",
        range=[-0.04, 1.04],
        tickvals=[0, 0.25, 0.5, 0.75, 1],
        ticktext=["0<br>initial", "0.25", "0.5", "0.75", "1<br>learned"],
    )
    figure.update_yaxes(title_text=AXIS_ACCURACY, range=[0, min(102.0, 1.12 * float(high.max()))])
    note = f"{clips_text(findings)} Dotted: always the same answer."
    finding = findings_of.way(findings)
    return style.finish(figure, title=title or _WAY, finding=finding, note=note, height=320, bottom=72)


def mel_filters_on_the_way(filters: Filters, step: float, *, title: str | None = None) -> go.Figure:
    """The mel filters and the gain of the STFT kernels part of the way from initial to learned.

    Args:
        filters: Filters before and after training.
        step: How far they have gone, 0 to 1.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial", "learned" and "at this step" in the upper panel, and the "kernel gain" below.
    """
    now = filters_at(filters, step)
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.17, row_heights=[0.68, 0.32])
    sides = (
        ("initial", filters.initial.mel_basis, {**style.INITIAL_LINE, "width": 1}, 0.8),
        ("learned", filters.learned.mel_basis, {**style.LEARNED_LINE, "width": 1}, 0.55),
        ("at this step", now.learned.mel_basis, {"color": CHANGED_COLOUR, "dash": "solid", "width": 1.5}, 1.0),
    )
    for name, weights, line, opacity in sides:
        figure.add_trace(_lines(name, weights, hz, line, opacity), row=1, col=1)
    figure.add_scatter(
        x=hz_to_mel(hz),
        y=kernel_gains(now),
        name="kernel gain",
        mode="lines",
        showlegend=False,
        line={"color": CHANGED_COLOUR, "width": 1.5},
        customdata=hz,
        hovertemplate="kernel at %{customdata:,.0f} Hz: gain × %{y:.3g}<extra></extra>",
        row=2,
        col=1,
    )
    figure.add_hline(y=1, line=style.INITIAL_LINE, row=2, col=1)
    figure.update_yaxes(title_text=style.AXIS_WEIGHT, row=1, col=1)
    figure.update_yaxes(title_text="Gain (no unit)", rangemode="tozero", nticks=4, row=2, col=1)
    _pitch_axis(figure, hz, row=2)
    style.panel_heading(figure, 2, "Gain of the STFT kernels, initial = 1")
    gain, shape = gain_and_shape(filters.initial.mel_basis, now.learned.mel_basis)
    note = (
        f"Mel filters here: median gain ×{style.NBSP}{np.nanmedian(gain):.3g}, "
        f"median shape change {percent(float(np.nanmedian(shape)))}."
    )
    names = [name for name, *_ in sides]
    return style.finish(
        figure,
        title=title or f"Mel filters {step:.1f} of the way",
        finding=filter_findings.bank(now, "mel") if step else "Every mel filter is the initial one here.",
        note=note,
        height=430,
        legend=names,
    )


def accuracy_by_change(findings: Findings, *, title: str | None = None) -> go.Figure:
    """What a model scores with each changed basis, and how that differs from its own on the same clips.

    Args:
        findings: Of the experiments "swap", "gain-shape" or "mask".
        title: Title; None writes one.

    Returns:
        Figure with the traces "accuracy" and "difference".
    """
    shown = [findings.reference, *findings.outcomes]
    names = ["learned basis", *(one.name for one in findings.outcomes)]
    labels = ["<br>".join(textwrap.wrap(name, 16)) for name in names]
    colours = [style.LEARNED_COLOUR, *[CHANGED_COLOUR] * len(findings.outcomes)]
    symbols = ["circle", *["diamond"] * len(findings.outcomes)]
    # So many pixels a row, and between the panels room for an axis and a heading, whatever the number of rows.
    rows, gap = ROW_PX * (2 * len(shown) - 1), 110
    figure = make_subplots(
        rows=2, cols=1, vertical_spacing=gap / (rows + gap), row_heights=[len(shown), len(shown) - 1]
    )
    said = [f"{name}<br>{_hover(one)}" for name, one in zip(names, shown, strict=True)]
    accuracies = [(one.accuracy, one.interval) for one in shown]
    differences = [(one.difference, one.difference_interval) for one in shown[1:]]
    for row, name, values in ((1, "accuracy", accuracies), (2, "difference", differences)):
        # The model's own basis, the first, differs from nothing.
        looks = {"size": 11, "color": colours[row - 1 :], "symbol": symbols[row - 1 :]}
        figure.add_trace(_intervals(name, labels[row - 1 :], values, looks, said[row - 1 :]), row=row, col=1)
    figure.add_vline(x=100 * findings.baseline, line=style.GUIDE_LINE, row=1)
    figure.add_vline(x=0, line={"color": style.LEARNED_COLOUR, "width": 1.5}, row=2)
    top = max(one.interval[1] for one in shown)
    figure.update_xaxes(title_text=AXIS_ACCURACY, range=[0, min(102.0, 108 * top)], row=1, col=1)
    reach = 100 * max(abs(end) for one in shown[1:] for end in one.difference_interval)
    highest = 100 * max(0.0, *(one.difference_interval[1] for one in shown[1:]))
    figure.update_xaxes(
        title_text=AXIS_DIFFERENCE, range=[-1.1 * reach, max(1.15 * highest, 0.12 * reach)], row=2, col=1
    )
    for row in (1, 2):
        figure.update_yaxes(title_text="Basis", autorange="reversed", showgrid=False, row=row, col=1)
    style.panel_heading(figure, 1, "Accuracy")
    style.panel_heading(figure, 2, "Difference, on the same clips")
    note = f"{clips_text(findings)} Dotted: always the same answer."
    return style.finish(
        figure,
        title=title or "What the model scores with a changed basis",
        finding=findings_of.changes(findings),
        note=note,
        height=rows + gap,
        heading=True,
    )


def selectable_filters(
    filters: Filters, *, bins: Collection[int] = (), mels: Collection[int] = (), title: str | None = None
) -> go.Figure:
    """The learned filters, to be picked from: what is chosen to be silenced is brought out.

    Args:
        filters: Filters before and after training.
        bins: Chosen STFT bins.
        mels: Chosen mel filters.
        title: Title; None writes one.

    Returns:
        Figure with the traces "mel filters" and "STFT bins", points with the customdata ("mel" or "bin", number).
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    basis = filters.learned.mel_basis
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.18, row_heights=[0.66, 0.34])
    shapes, peaks = _unit_peaks(basis)
    kept, gone = [i for i in range(len(basis)) if i not in mels], sorted(mels)
    learned = {**style.LEARNED_LINE, "width": 1}
    figure.add_trace(_lines("heard", shapes[kept], hz, learned, 0.75, kept), row=1, col=1)
    changed = {"color": CHANGED_COLOUR, "dash": "solid", "width": 2.4}
    figure.add_trace(_lines("silenced", shapes[gone], hz, changed, 1.0, gone), row=1, col=1)
    mel_points = _points("mel filters", "mel", hz[peaks], 1.0, mels, "filter %{customdata[1]}, peak at %{text} Hz")
    figure.add_trace(mel_points, row=1, col=1)
    figure.add_trace(_points("STFT bins", "bin", hz, 0.0, bins, "bin %{customdata[1]}, %{text} Hz"), row=2, col=1)
    half = filters.sample_rate / filters.n_fft / 2
    for first, last in _spans(sorted(set(bins) & set(range(len(hz))))):
        left, right = hz_to_mel(np.clip(np.array([hz[first] - half, hz[last] + half]), 0, None))
        figure.add_vrect(x0=left, x1=right, fillcolor=CHANGED_COLOUR, opacity=0.16, line_width=0)
    figure.update_yaxes(title_text="Weight, peak = 1 (no unit)", range=[-0.04, 1.16], row=1, col=1)
    figure.update_yaxes(range=[-1, 1], showticklabels=False, ticks="", showgrid=False, row=2, col=1)
    _pitch_axis(figure, hz, row=2)
    style.panel_heading(figure, 1, "Mel filters: drag over their peaks")
    style.panel_heading(figure, 2, "STFT bins: drag over a band")
    figure.update_layout(dragmode="select", selectdirection="h")
    finding = filter_findings.silenced(len(bins), len(hz), len(mels), len(basis))
    title = title or "What shall the model not hear?"
    return style.finish(figure, title=title, finding=finding, height=380, heading=True)


def filter_importance(findings: Findings, filters: Filters, *, title: str | None = None) -> go.Figure:
    """How much accuracy each mel filter is worth, over the filterbank itself.

    Args:
        findings: Of the experiment "occlusion".
        filters: Filters before and after training.
        title: Title; None writes one.

    Returns:
        Figure with the trace "worth" above and the traces "initial" and "learned" below, on one frequency axis.
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.13, row_heights=[0.58, 0.42])
    learned, peaks = _unit_peaks(filters.learned.mel_basis)
    initial, _ = _unit_peaks(filters.initial.mel_basis)
    outcomes = findings.outcomes
    worth = np.array([-100 * one.difference for one in outcomes])
    low, high = style.percents([one.difference_interval for one in outcomes])
    clear = np.array(findings.clear)
    figure.add_scatter(
        x=hz_to_mel(hz[peaks]),
        y=worth,
        error_y=style.whiskers(worth, -high, -low, width=2, thickness=1.3, color=style.FAINT_INK),
        name="worth",
        mode="markers",
        marker={
            "size": 9,
            "color": worth,
            "colorscale": style.CHANGE_SCALE,
            "cmin": -np.abs(worth).max(initial=0.1),
            "cmax": np.abs(worth).max(initial=0.1),
            "line": {"width": 1, "color": style.INK},
            "symbol": np.where(clear, "circle", "circle-open").tolist(),
        },
        customdata=[
            f"peak at {hz[peak]:,.0f} Hz<br>without it: {_hover(one)}"
            for peak, one in zip(peaks, outcomes, strict=True)
        ],
        text=[f"{one.place:.0f}" for one in outcomes],
        hovertemplate="mel filter %{text}, %{customdata}<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_hline(y=0, line={"color": style.LEARNED_COLOUR, "width": 1.5}, row=1, col=1)
    figure.add_trace(_lines("initial", initial, hz, {**style.INITIAL_LINE, "width": 1}, 0.9), row=2, col=1)
    figure.add_trace(_lines("learned", learned, hz, {**style.LEARNED_LINE, "width": 1.2}, 0.9), row=2, col=1)
    figure.update_yaxes(title_text="Lost (percentage points)", row=1, col=1)
    figure.update_yaxes(title_text="Weight, peak = 1 (no unit)", range=[-0.04, 1.1], nticks=4, row=2, col=1)
    _pitch_axis(figure, hz, row=2)
    style.panel_heading(figure, 1, "Lost when the filter says nothing")
    style.panel_heading(figure, 2, "Shape of the filters")
    note = f"{clips_text(findings)} Filled: clearly not zero (McNemar, Holm). Below: grey dashed initial, blue learned."
    finding = findings_of.importance(findings)
    title = title or "What each mel filter is worth"
    return style.finish(figure, title=title, finding=finding, note=note, height=480, heading=True)


def signed(share: float) -> str:
    """A difference of shares in percentage points.

    >>> signed(-0.0123), signed(0.2)
    ('−1.2', '+20.0')
    """
    return f"{100 * share:+.1f}".replace("-", "−")


def _hover(one: Outcome) -> str:
    low, high = one.interval
    text = f"{100 * one.accuracy:.1f} % right ({100 * low:.1f} to {100 * high:.1f} %)"
    if one.won or one.lost:
        low, high = one.difference_interval
        text += (
            f"<br>{signed(one.difference)} points ({signed(low)} to {signed(high)})"
            f"<br>{one.lost:,} clips lost, {one.won:,} won"
        )
    return text


def _intervals(
    name: str,
    labels: list[str],
    values: Sequence[tuple[float, tuple[float, float]]],
    looks: dict[str, object],
    hovers: list[str],
) -> go.Scatter:
    """Shares with their intervals, one a label."""
    at = 100 * np.array([value for value, _ in values])
    ends = style.percents([interval for _, interval in values])
    return go.Scatter(
        x=at,
        y=labels,
        error_x=style.whiskers(at, *ends, width=5, thickness=1.8, color=style.FAINT_INK),
        name=name,
        mode="markers",
        marker=looks,
        customdata=hovers,
        hovertemplate="%{customdata}<extra></extra>",
    )


def _points(
    name: str, kind: str, hz: NDArray[np.float64], height: float, chosen: Collection[int], hover: str
) -> go.Scatter:
    """Squares to pick from, at one height over an axis that is spaced by pitch."""
    colours = [CHANGED_COLOUR if number in chosen else style.LEARNED_COLOUR for number in range(len(hz))]
    return go.Scatter(
        x=hz_to_mel(hz),
        y=np.full(len(hz), height),
        name=name,
        mode="markers",
        text=[f"{each:,.0f}" for each in hz],
        customdata=[[kind, number] for number in range(len(hz))],
        marker={"size": 7, "symbol": "square", "color": colours},
        hovertemplate=f"{hover}<extra></extra>",
    )


def _lines(
    name: str,
    weights: NDArray[np.floating],
    hz: NDArray[np.float64],
    line: dict[str, object],
    opacity: float,
    numbers: Sequence[int] | None = None,
) -> go.Scatter:
    """All rows as one trace over a frequency axis that is spaced by pitch."""
    along, heights = as_one_line(hz, weights, "mel")
    numbers = range(len(weights)) if numbers is None else numbers
    return go.Scatter(
        x=along,
        y=heights,
        customdata=np.repeat(np.array(numbers, dtype=np.int16), len(hz) + 1),
        name=name,
        mode="lines",
        opacity=opacity,
        line={**line, "dash": "4px,2px" if line["dash"] == "dash" else line["dash"]},
        connectgaps=False,
        hovertemplate=f"{name}, filter %{{customdata}}: weight %{{y:.4g}}<extra></extra>",
    )


def _unit_peaks(weights: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Filters with their largest weight at 1, so that shapes can be compared, and the bin where each has it."""
    finite = np.nan_to_num(np.asarray(weights, dtype=np.float64))
    top = finite.max(axis=1, keepdims=True)
    return finite / np.where(top > 0, top, 1.0), finite.argmax(axis=1)


def _spans(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours."""
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return spans


def _pitch_axis(figure: go.Figure, hz: NDArray[np.float64], row: int) -> None:
    """Marks in Hz on an axis that is spaced by pitch, so that the low filters do not stand on each other."""
    for each in (1, row):
        frequency_axis(figure, "mel", float(hz[-1]), row=each, title=each == row)
    figure.update_xaxes(tickangle=0, range=[-0.4, 1.008 * float(hz_to_mel(hz[-1]))], matches="x")
