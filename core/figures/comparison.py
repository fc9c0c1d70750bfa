"""Pictures of several runs side by side: accuracies, what one gains over another, curves and filters overlaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.comparison import SIGNIFICANT, Difference, WordGain, points
from core.config import PROTOCOLS
from core.figures import style
from core.figures.curves import MANY
from core.figures.describe import Part
from core.mel import bin_frequencies, decibels, gain_and_shape
from core.results import EpochReport, Filters, FilterSnapshot, Scores

LOOKS = (
    ("#0072B2", "solid", "circle"),
    ("#D55E00", "dot", "diamond"),
    ("#009E73", "dashdot", "square"),
    ("#CC79A7", "longdash", "triangle-up"),
    ("#E69F00", "longdashdot", "x"),
    ("#56B4E9", "2px,3px", "star"),
)
"""Colour (Okabe and Ito's), dash and symbol of the first, second … run; grey and dashed is left to initial filters."""

PADDING = 8
"""Steps a bin at which the response of a kernel is drawn."""

FLOOR_DB = -80.0


def run_accuracies(
    measured: Sequence[tuple[str, Scores]],
    protocol: str,
    looks: Mapping[str, int] | None = None,
    *,
    title: str | None = None,
) -> go.Figure:
    """Accuracy of some runs on the same clips, each with its 95 % interval, beside the trivial baseline.

    Args:
        measured: Names of runs and their scores.
        protocol: One of ``config.PROTOCOLS``.
        looks: Number of each run's look; None counts them.
        title: Title; None writes one.

    Returns:
        Figure with a trace for each run: its accuracy in % and its interval.
    """
    figure = go.Figure()
    for at, (name, scores) in enumerate(measured):
        colour, _, symbol = _look(name, at, looks)
        low, high = scores.interval
        value = 100 * scores.accuracy
        figure.add_scatter(
            x=[value], y=[name], name=name, mode="markers",
            marker={"symbol": symbol, "size": 12, "color": colour},
            error_x={
                "type": "data", "symmetric": False, "array": [100 * high - value], "arrayminus": [value - 100 * low],
                "thickness": 2.5, "width": 7, "color": colour,
            },
            hovertemplate=(
                f"{name}: {value:.1f} % of {scores.n:,} clips right<br>"
                f"95 % interval {100 * low:.1f} to {100 * high:.1f} %<extra></extra>"
            ),
        )  # fmt: skip
    first = measured[0][1]
    figure.add_vline(x=100 * first.baseline, line={"color": style.INITIAL_COLOUR, "width": 1.6, "dash": "dash"})
    figure.update_xaxes(title_text="Accuracy (%)")
    figure.update_yaxes(type="category", range=[len(measured) - 0.5, -0.5])
    note = (
        f"n{style.NBSP}={style.NBSP}{first.n:,} clips; bars: 95{style.NBSP}% intervals. Dashed: always answering "
        f"“{style.word_text(first.baseline_label)}”, {100 * first.baseline:.1f}{style.NBSP}%."
    )
    return style.finish(
        figure, title=title or f"Accuracy on the {PROTOCOLS[protocol]}", note=note, height=40 * len(measured) + 30
    )


def _look(name: str, at: int, looks: Mapping[str, int] | None) -> tuple[str, str, str]:
    """Colour, dash and symbol of the run in this place."""
    return LOOKS[(looks or {}).get(name, at) % len(LOOKS)]


def accuracy_gains(
    differences: Sequence[Difference], looks: Mapping[str, int] | None = None, *, title: str | None = None
) -> go.Figure:
    """What runs gain over a baseline on the same clips, with intervals over clips and over speakers.

    Args:
        differences: Each run beside the same baseline.
        looks: Number of each run's look; None counts from the second on.
        title: Title; None writes one.

    Returns:
        Figure with the traces "over clips" and "over speakers" (percentage points).
    """
    figure = go.Figure()
    names = [each.run for each in differences]
    kinds = [("over clips", 0.0, 4.0, [each.interval for each in differences], "circle")]
    if all(each.speaker_interval for each in differences):
        speakers = [each.speaker_interval or each.interval for each in differences]
        kinds.append(("over speakers", 0.22, 1.8, speakers, "circle-open"))
    gains = [100 * each.gain for each in differences]
    for kind, shift, thickness, intervals, symbol in kinds:
        for at, (name, gain, (low, high)) in enumerate(zip(names, gains, intervals, strict=True)):
            colour = _look(name, at + 1, looks)[0]
            figure.add_scatter(
                x=[gain], y=[at + shift], name=kind, mode="markers", legendgroup=kind, showlegend=at == 0,
                marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2, "color": colour}},
                error_x={
                    "type": "data", "symmetric": False, "array": [100 * high - gain], "arrayminus": [gain - 100 * low],
                    "thickness": thickness, "width": 6, "color": colour,
                },
                hovertemplate=(
                    f"{name}: {points(gain / 100)}<br>95 % interval {kind}: "
                    f"{100 * low:+.1f} to {100 * high:+.1f}<extra></extra>"
                ),
            )  # fmt: skip
    figure.add_vline(x=0, line={"color": style.INK, "width": 1.2})
    ends = [0.0, *(100 * end for _, _, _, intervals, _ in kinds for interval in intervals for end in interval)]
    room = 0.08 * (max(ends) - min(ends)) + 0.1
    figure.update_xaxes(title_text="Accuracy gained (percentage points)", range=[min(ends) - room, max(ends) + room])
    figure.update_layout(legend_tracegroupgap=0)
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.45, -0.55], showgrid=False
    )
    first = differences[0]
    note = f"n{style.NBSP}={style.NBSP}{first.n:,} clips. An interval that holds zero: no difference is to be told."
    legend = [kind for kind, *_ in kinds]
    return style.finish(
        figure, title=title or f"Gain over {first.baseline}", note=note, height=52 * len(names) + 20, legend=legend
    )


def word_gains(difference: Difference, *, title: str | None = None) -> go.Figure:
    """What a run gains over the baseline on the clips of each word, with 95 % intervals.

    Args:
        difference: The run beside its baseline.
        title: Title; None writes one.

    Returns:
        Figure with the traces "clear" (differences that stay after Holm's correction) and "may be chance", in
        percentage points of a word's clips.
    """
    rows = [gain for gain in difference.by_word if gain.n]
    kinds = (
        ("clear", [gain for gain in rows if gain.adjusted_p < SIGNIFICANT], "#D55E00", "diamond"),
        ("may be chance", [gain for gain in rows if gain.adjusted_p >= SIGNIFICANT], style.FAINT_INK, "circle-open"),
    )
    figure = go.Figure()
    for name, shown, colour, symbol in kinds:
        values = [100 * gain.gain for gain in shown]
        figure.add_scatter(
            x=values, y=[_word(gain) for gain in shown], name=name, mode="markers",
            marker={"symbol": symbol, "size": 10, "color": colour, "line": {"width": 2, "color": colour}},
            error_x={
                "type": "data", "symmetric": False, "thickness": 2, "width": 4, "color": colour,
                "array": [100 * gain.interval[1] - 100 * gain.gain for gain in shown],
                "arrayminus": [100 * gain.gain - 100 * gain.interval[0] for gain in shown],
            },
            customdata=[gain.label for gain in shown],
            text=[_word_hover(difference, gain) for gain in shown],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": style.INK, "width": 1.2})
    figure.update_xaxes(title_text="Clips gained (percentage points)")
    figure.update_yaxes(
        title_text="Word (clips)", tickmode="linear", categoryorder="array",
        categoryarray=[_word(gain) for gain in rows][::-1],
    )  # fmt: skip
    note = (
        f"Right of zero: {difference.run} gets more of them right. Filled: clear even with {len(rows)} words tested "
        "at once (McNemar, Holm)."
    )
    legend = [name for name, shown, *_ in kinds if shown]
    return style.finish(
        figure, title=title or f"Word by word: {difference.run} against {difference.baseline}", note=note,
        height=27 * len(rows) + 20, legend=legend,
    )  # fmt: skip


def _word(gain: WordGain) -> str:
    return f"{style.word_text(gain.label)} ({gain.n:,})"


def _word_hover(difference: Difference, gain: WordGain) -> str:
    low, high = gain.interval
    return (
        f"“{style.word_text(gain.label)}”, {gain.n:,} clips: {points(gain.gain)}<br>"
        f"95 % interval {100 * low:+.1f} to {100 * high:+.1f}<br>"
        f"only {difference.run} right: {gain.only_run:,}<br>only {difference.baseline} right: {gain.only_baseline:,}"
    )


def confusion_difference(difference: Difference, *, normalised: bool = True, title: str | None = None) -> go.Figure:
    """Which answers became more and which fewer from the baseline to the other run; rows are true words.

    Args:
        difference: The run beside its baseline.
        normalised: Whether a cell is in percentage points of its row's clips rather than a number of clips.
        title: Title; None writes one.

    Returns:
        Figure with the heatmap "difference", centred on zero, and the invisible markers "cells" on top, which can be
        selected; their ``customdata`` is (true label, answered label, clips).
    """
    totals = difference.label_clips[:, None]
    counts = np.where(totals > 0, difference.confusion.astype(np.float64), np.nan)
    values = 100 * counts / np.maximum(totals, 1) if normalised else counts
    words = [style.word_text(label) for label in difference.labels]
    reach = max(float(np.nanmax(np.abs(values), initial=0.0)), 1.0)
    text = [[_signed_cell(value) for value in row] for row in values]
    figure = go.Figure(
        go.Heatmap(
            x=words, y=words, z=values, name="difference", text=text, texttemplate="%{text}", textfont={"size": 10.5},
            hoverinfo="skip", colorscale=style.CHANGE_SCALE, zmin=-reach, zmax=reach, xgap=1, ygap=1,
            colorbar=style.colour_bar("Points of the row" if normalised else "Clips"),
        )
    )  # fmt: skip
    cells = [(i, j) for i in range(len(words)) for j in range(len(words))]
    figure.add_scatter(
        x=[words[j] for _, j in cells], y=[words[i] for i, _ in cells], mode="markers", name="cells",
        customdata=[
            [difference.labels[i], difference.labels[j], int(difference.confusion[i, j])] for i, j in cells
        ],
        text=[_cell_hover(difference, words, i, j) for i, j in cells],
        hovertemplate="%{text}<extra></extra>",
        marker={"symbol": "square", "size": 22, "opacity": 0, "color": style.INK},
    )  # fmt: skip
    # Fixed ranges: plotly would leave room around the markers.
    ends = [-0.5, len(words) - 0.5]
    looks = {"showgrid": False, "tickmode": "linear"}
    figure.update_xaxes(title_text="Answered word", range=ends, tickangle=-90, **looks)
    figure.update_yaxes(title_text="True word", range=ends[::-1], **looks)
    note = "Orange: more such answers; blue: fewer. On the diagonal more is better, beside it fewer."
    return style.finish(
        figure, title=title or f"Answers of {difference.run} less those of {difference.baseline}", note=note,
        height=440, bottom=92,
    )  # fmt: skip


def _signed_cell(value: float) -> str:
    """Text of one cell; what rounds to zero and rows without clips stay blank."""
    return f"{value:+.0f}".replace("-", "−") if abs(value) >= 0.5 else ""


def _cell_hover(difference: Difference, words: Sequence[str], row: int, column: int) -> str:
    change, total = int(difference.confusion[row, column]), int(difference.label_clips[row])
    if not total:
        return f"this protocol has no clips of “{words[row]}”"
    sense = "more" if change > 0 else "fewer"
    many = f"{abs(change):,} {sense}" if change else "as many"
    return (
        f"{many} of {total:,} clips of “{words[row]}” heard as “{words[column]}”<br>"
        f"by {difference.run} than by {difference.baseline}"
    )


def compared_curves(
    reports: Mapping[str, Sequence[EpochReport]], *, on_training_clips: bool = False, title: str | None = None
) -> go.Figure:
    """Accuracy and loss of several runs over their epochs.

    Args:
        reports: Reports of each run; may be empty.
        on_training_clips: Whether to draw what was measured on training clips rather than on validation clips.
        title: Title; None writes one.

    Returns:
        Figure with two traces for each run, named after it: accuracy (%), then loss (nats).
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    for at, (name, own) in enumerate(reports.items()):
        colour, dash, symbol = _look(name, at, None)
        shown = [each for each in own if on_training_clips or each.validation_accuracy is not None]
        epochs = [each.epoch for each in shown]
        accuracies = [each.train_accuracy if on_training_clips else each.validation_accuracy or 0.0 for each in shown]
        losses = [each.train_loss if on_training_clips else each.validation_loss for each in shown]
        for row, up, unit in ((1, [100 * each for each in accuracies], " %"), (2, losses, " nats")):
            figure.add_trace(
                go.Scatter(
                    x=epochs, y=up, name=name, legendgroup=name, showlegend=row == 1, mode="lines+markers",
                    line={"color": colour, "dash": dash, "width": 2},
                    marker={"symbol": symbol, "size": 7 if len(epochs) < MANY else 3},
                    hovertemplate=f"{name}, epoch %{{x}}: %{{y:.3g}}{unit}<extra></extra>",
                ),
                row=row, col=1,
            )  # fmt: skip
    figure.update_yaxes(title_text="Accuracy (%)", row=1, col=1)
    figure.update_yaxes(title_text="Loss (nats)", row=2, col=1)
    figure.update_xaxes(title_text="Epoch (number)", row=2, col=1)
    figure.update_layout(legend_tracegroupgap=0)
    clips = "training" if on_training_clips else "validation"
    note = f"On the {clips} clips of each run."
    if not any(reports.values()):
        note = "No epoch of these runs was noted."
    return style.finish(
        figure, title=title or f"Training, on {clips} clips", note=note, height=420, legend=list(reports)
    )


def compared_mel_filters(
    filters: Mapping[str, Filters], looks: Mapping[str, int] | None = None, *, title: str | None = None
) -> go.Figure:
    """The mel filters of several runs in one panel, over the initial ones.

    Args:
        filters: Filters of each run.
        looks: Number of each run's look; None counts them.
        title: Title; None writes one.

    Returns:
        Figure with the trace "initial" (one for each different start) and one for each run.
    """
    figure = go.Figure()
    lines: list[tuple[str, FilterSnapshot, Filters, dict[str, object]]] = [
        (name, one.initial, one, {**style.INITIAL_UNDER, "width": 2}) for name, one in _starts(filters).items()
    ]
    for at, (name, one) in enumerate(filters.items()):
        colour, dash, _ = _look(name, at, looks)
        lines.append((name, one.learned, one, {"color": colour, "dash": dash, "width": 1.3}))
    for name, snapshot, one, line in lines:
        weights = snapshot.mel_basis
        hz = bin_frequencies(one.n_fft, one.sample_rate)
        gap = np.full((len(weights), 1), np.nan, dtype=np.float32)
        # All filters of a run as one trace, cut apart by gaps: hundreds of traces would make the page slow.
        figure.add_scatter(
            x=np.tile(np.append(hz, np.nan), len(weights)).astype(np.float32), y=np.hstack([weights, gap]).ravel(),
            customdata=np.repeat(np.arange(len(weights), dtype=np.int16), len(hz) + 1), name=name, mode="lines",
            opacity=0.75, line=line, connectgaps=False,
            hovertemplate=f"{name}, filter %{{customdata}}<br>%{{x:,.0f}} Hz: weight %{{y:.4g}}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title_text=style.AXIS_HZ)
    figure.update_yaxes(title_text=style.AXIS_WEIGHT)
    note = "Grey and dashed: before training. Click a name in the legend to hide it."
    return style.finish(
        figure, title=title or "Mel filters over each other", note=note, height=380, legend=[name for name, *_ in lines]
    )


def compared_filter(
    filters: Mapping[str, Filters],
    part: Part,
    number: int,
    looks: Mapping[str, int] | None = None,
    *,
    same_gain: bool = False,
) -> go.Figure:
    """One filter of several runs close up: the weights of a mel filter, or what an STFT bin answers to tones.

    Args:
        filters: Filters of each run.
        part: "mel" or "stft".
        number: Number of the filter or the bin, from 0; runs that have no such one are left out.
        looks: Number of each run's look; None counts them.
        same_gain: Whether each learned one is divided by its gain, so that only shapes differ.

    Returns:
        Figure with the trace "initial" (one for each different start) and one for each run.
    """
    figure = go.Figure()
    starts = {name: one for name, one in _starts(filters).items() if number < _n_filters(one, part)}
    lines = [(name, *_curve(one, part, number, one.initial), {**style.INITIAL_UNDER}) for name, one in starts.items()]
    for at, (name, one) in enumerate(filters.items()):
        colour, dash, _ = _look(name, at, looks)
        if number < _n_filters(one, part):
            hz, curve = _curve(one, part, number, one.learned)
            if same_gain:
                curve = curve / _usable(gain_and_shape(*_rows(one, part))[0][number])
            lines.append((name, hz, curve, {"color": colour, "dash": dash, "width": 2}))
    reference = max((float(np.nanmax(curve)) for name, _, curve, _ in lines if name in starts), default=1.0)
    for name, hz, curve, line in lines:
        up = curve if part == "mel" else decibels(curve, reference=reference, floor_db=FLOOR_DB)
        unit = "weight %{y:.4g}" if part == "mel" else "%{y:.1f} dB"
        figure.add_scatter(
            x=hz, y=up.astype(np.float32), name=name, mode="lines", line=line,
            hovertemplate=f"{name}<br>%{{x:,.0f}} Hz: {unit}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title_text=style.AXIS_HZ, range=_in_sight(lines, part))
    if part == "mel":
        figure.update_yaxes(title_text=style.AXIS_WEIGHT, rangemode="tozero")
    else:
        figure.update_yaxes(title_text="Response (dB)", range=[FLOOR_DB, None])
    note = "Drawn with the gain taken out: only shapes differ." if same_gain else "Gain and shape together."
    title = f"Mel filter {number}" if part == "mel" else f"STFT bin {number}: answer to tones"
    return style.finish(figure, title=title, note=note, height=320, legend=[name for name, *_ in lines])


def compared_change(filters: Mapping[str, Filters], part: Part, looks: Mapping[str, int] | None = None) -> go.Figure:
    """How every filter of several runs changed in training: its gain above, its shape below.

    Args:
        filters: Filters of each run.
        part: "mel" or "stft".
        looks: Number of each run's look; None counts them.

    Returns:
        Figure with two traces for each run, named after it: gain (no unit, on a logarithmic axis) and change of shape
        (%).
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    for at, (name, one) in enumerate(filters.items()):
        colour, dash, _ = _look(name, at, looks)
        gain, shape = gain_and_shape(*_rows(one, part))
        # A filter that went silent has a gain that no logarithmic axis can show.
        gain = np.where(gain > 0, gain, np.nan)
        for row, up, text in ((1, gain, "gain × %{y:.3g}"), (2, 100 * shape, "shape changed by %{y:.3g} %")):
            figure.add_trace(
                go.Scatter(
                    x=np.arange(len(up)), y=up.astype(np.float32), name=name, legendgroup=name, showlegend=row == 1,
                    mode="lines", line={"color": colour, "dash": dash, "width": 2},
                    hovertemplate=f"{name}, number %{{x}}: {text}<extra></extra>",
                ),
                row=row, col=1,
            )  # fmt: skip
    figure.add_hline(y=1, line=style.INITIAL_LINE, row=1, col=1)
    figure.add_hline(y=0, line=style.INITIAL_LINE, row=2, col=1)
    figure.update_yaxes(title_text="Gain (×)", type="log", **_gain_ticks(figure), row=1, col=1)
    figure.update_yaxes(title_text="Shape change (%)", rangemode="tozero", row=2, col=1)
    figure.update_xaxes(title_text="Mel filter (number)" if part == "mel" else "STFT bin (number)", row=2, col=1)
    figure.update_layout(legend_tracegroupgap=0)
    title = "Change of the mel filters" if part == "mel" else "Change of the STFT kernels"
    note = "Gain: how much louder. Shape: what no scaling explains. Grey and dashed: no change."
    return style.finish(figure, title=title, note=note, height=420, legend=list(filters))


def _gain_ticks(figure: go.Figure) -> dict[str, object]:
    """Ticks that a logarithmic axis of gains can be read by, whether it spans a tenth or a thousandfold."""
    gains = np.concatenate([np.asarray(trace.y) for trace in figure.data[::2]] or [np.ones(1)])
    low, high = (float(np.nanmin(gains, initial=1.0)), float(np.nanmax(gains, initial=1.0)))
    if high < 4 * low:
        return {"tickvals": [0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 2, 2.5, 3, 4]}
    return {"tickvals": [factor * 10.0**power for power in range(-6, 6) for factor in (1, 2, 5)]}


def _starts(filters: Mapping[str, Filters]) -> dict[str, Filters]:
    """The different initial filters, each named; "initial" alone where all runs began alike."""
    different: list[tuple[str, Filters]] = []
    for name, one in filters.items():
        if not any(_same_start(one, other) for _, other in different):
            different.append((name, one))
    if len(different) == 1:
        return {"initial": different[0][1]}
    return {f"initial of {name}": one for name, one in different}


def _same_start(one: Filters, other: Filters) -> bool:
    a, b = one.initial, other.initial
    pairs = ((a.mel_basis, b.mel_basis), (a.stft_cos, b.stft_cos), (a.stft_sin, b.stft_sin))
    return all(left.shape == right.shape and np.allclose(left, right, atol=1e-6) for left, right in pairs)


def _n_filters(filters: Filters, part: Part) -> int:
    return len(filters.initial.mel_basis if part == "mel" else filters.initial.stft_cos)


def _rows(filters: Filters, part: Part) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Initial and learned weights of one part, as matrices with a row a filter."""
    a, b = filters.initial, filters.learned
    if part == "mel":
        return a.mel_basis, b.mel_basis
    return np.hstack([a.stft_cos, a.stft_sin]), np.hstack([b.stft_cos, b.stft_sin])


def _curve(
    filters: Filters, part: Part, number: int, snapshot: FilterSnapshot
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies (Hz), and the weights of a mel filter or the magnitude that a pair of kernels answers with."""
    if part == "mel":
        return bin_frequencies(filters.n_fft, filters.sample_rate), snapshot.mel_basis[number].astype(np.float64)
    pair = snapshot.stft_cos[number] + 1j * snapshot.stft_sin[number].astype(np.float64)
    n = PADDING * filters.n_fft
    return bin_frequencies(n, filters.sample_rate), np.abs(np.fft.fft(pair, n=n)[: n // 2 + 1])


def _usable(gain: float) -> float:
    return float(gain) if np.isfinite(gain) and gain > 0 else 1.0


def _in_sight(
    lines: Sequence[tuple[str, NDArray[np.float64], NDArray[np.float64], dict[str, object]]], part: Part
) -> list[float] | None:
    """The part of the axis where a curve has more than a fiftieth of its peak, with room beside it."""
    if not lines:
        return None
    low, high, top = np.inf, -np.inf, float(lines[0][1][-1])
    for _, hz, curve, _ in lines:
        heard = np.nan_to_num(np.abs(curve))
        above = hz[heard > heard.max(initial=0.0) / (50 if part == "mel" else 3)]
        if above.size:
            low, high = min(low, float(above[0])), max(high, float(above[-1]))
    if not np.isfinite(low):
        return [0.0, top]
    room = max(0.25 * (high - low), 100.0) if part == "mel" else 600.0
    return [max(0.0, low - room), min(top, high + room)]
