"""Pictures of several runs side by side: accuracies, what one gains over another, curves and filters overlaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.config import TWELVE, Vocabulary, protocol_title
from core.figures import style
from core.figures.curves import MANY
from core.figures.findings import comparisons as findings
from core.figures.findings import training as training_findings
from core.records.evaluation import Scores
from core.records.training import EpochReport
from core.statistics import SIGNIFICANT
from core.studies.comparison import Difference, WordGain, points

LOOKS = (
    (style.BLUE, "solid", "circle"),
    (style.VERMILLION, "dot", "diamond"),
    (style.GREEN, "dashdot", "square"),
    (style.PURPLE, "longdash", "triangle-up"),
    (style.ORANGE, "longdashdot", "x"),
    (style.SKY_BLUE, "2px,3px", "star"),
)
"""Colour, dash and symbol of the first, second … run; grey and dashed is left to initial filters."""


def run_accuracies(
    measured: Sequence[tuple[str, Scores]],
    protocol: str,
    looks: Mapping[str, int] | None = None,
    *,
    vocabulary: Vocabulary = TWELVE,
    title: str | None = None,
) -> go.Figure:
    """Accuracy of some runs on the same clips, each with its 95 % interval, beside the trivial baseline.

    Args:
        measured: Names of runs and their scores.
        protocol: One of ``config.PROTOCOLS``.
        looks: Number of each run's look; None counts them.
        vocabulary: What the runs tell apart.
        title: Title; None writes one.

    Returns:
        Figure with a trace for each run: its accuracy in % and its interval.
    """
    figure = go.Figure()
    for at, (name, scores) in enumerate(measured):
        colour, _, symbol = look_of(name, at, looks)
        low, high = (100 * end for end in scores.interval)
        value = 100 * scores.accuracy
        figure.add_scatter(
            x=[value],
            y=[name],
            name=name,
            mode="markers",
            marker={"symbol": symbol, "size": 12, "color": colour},
            error_x=style.whiskers([value], [low], [high], thickness=2.5, width=7, color=colour),
            hovertemplate=(
                f"{name}: {value:.1f} % of {scores.n:,} clips right<br>"
                f"95 % interval {low:.1f} to {high:.1f} %<extra></extra>"
            ),
        )
    first = measured[0][1]
    figure.add_vline(x=100 * first.baseline, line={"color": style.INITIAL_COLOUR, "width": 1.6, "dash": "dash"})
    figure.update_xaxes(title_text="Accuracy (%)")
    figure.update_yaxes(title_text="Run", type="category", range=[len(measured) - 0.5, -0.5])
    note = (
        f"n{style.NBSP}={style.NBSP}{first.n:,} clips; bars: 95{style.NBSP}% intervals. Dashed: always answering "
        f"“{style.word_text(first.baseline_label)}”, {100 * first.baseline:.1f}{style.NBSP}%."
    )
    return style.finish(
        figure,
        title=title or f"Accuracy on the {protocol_title(protocol, vocabulary)}",
        finding=findings.accuracies(measured),
        note=note,
        height=40 * len(measured) + 30,
    )


def look_of(name: str, at: int, looks: Mapping[str, int] | None) -> tuple[str, str, str]:
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
        for at, (name, gain, low, high) in enumerate(zip(names, gains, *style.percents(intervals), strict=True)):
            colour = look_of(name, at + 1, looks)[0]
            figure.add_scatter(
                x=[gain],
                y=[at + shift],
                name=kind,
                mode="markers",
                legendgroup=kind,
                showlegend=at == 0,
                marker=style.outlined(symbol, 11, colour),
                error_x=style.whiskers([gain], [low], [high], thickness=thickness, width=6, color=colour),
                hovertemplate=f"{name}: {points(gain / 100)}<br>95 % interval {kind}: {low:+.1f} to {high:+.1f}"
                "<extra></extra>",
            )
    figure.add_vline(x=0, line=style.ZERO_LINE)
    ends = [0.0, *(100 * end for _, _, _, intervals, _ in kinds for interval in intervals for end in interval)]
    room = 0.08 * (max(ends) - min(ends)) + 0.1
    figure.update_xaxes(title_text="Accuracy gained (percentage points)", range=[min(ends) - room, max(ends) + room])
    figure.update_layout(legend_tracegroupgap=0)
    figure.update_yaxes(title_text="Run", range=[len(names) - 0.45, -0.55], showgrid=False)
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names)
    first = differences[0]
    note = f"n{style.NBSP}={style.NBSP}{first.n:,} clips. An interval that holds zero: no clear difference."
    legend = [kind for kind, *_ in kinds]
    return style.finish(
        figure,
        title=title or f"Gain over {first.baseline}",
        finding=findings.gains(differences),
        note=note,
        height=52 * len(names) + 20,
        legend=legend,
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
        ("clear", [gain for gain in rows if gain.adjusted_p < SIGNIFICANT], style.VERMILLION, "diamond"),
        ("may be chance", [gain for gain in rows if gain.adjusted_p >= SIGNIFICANT], style.FAINT_INK, "circle-open"),
    )
    figure = go.Figure()
    for name, shown, colour, symbol in kinds:
        values = [100 * gain.gain for gain in shown]
        low, high = style.percents([gain.interval for gain in shown])
        figure.add_scatter(
            x=values,
            y=[_word(gain) for gain in shown],
            name=name,
            mode="markers",
            marker=style.outlined(symbol, 10, colour),
            error_x=style.whiskers(values, low, high, thickness=2, width=4, color=colour),
            customdata=[gain.label for gain in shown],
            text=[_word_hover(difference, gain) for gain in shown],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.add_vline(x=0, line=style.ZERO_LINE)
    figure.update_xaxes(title_text="Clips gained (percentage points)")
    from_the_top = {"categoryorder": "array", "categoryarray": [_word(gain) for gain in rows][::-1]}
    figure.update_yaxes(title_text="Word (clips)", tickmode="linear", **from_the_top)
    note = (
        f"Right of zero: {difference.run} gets more right than {difference.baseline}. Filled: clear even with "
        f"{len(rows)} words tested at once (McNemar, Holm). Bars: 95{style.NBSP}% intervals."
    )
    legend = [name for name, shown, *_ in kinds if shown]
    title = title or "Word by word"
    finding = findings.gains_by_word(difference)
    return style.finish(figure, title=title, finding=finding, note=note, height=27 * len(rows) + 20, legend=legend)


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
    height, text_px, mark_px = style.matrix_sizes(len(words), len(words))
    figure = go.Figure(
        go.Heatmap(
            x=words,
            y=words,
            z=values,
            name="difference",
            text=text,
            texttemplate="%{text}",
            textfont={"size": text_px},
            hoverinfo="skip",
            colorscale=style.CHANGE_SCALE,
            zmin=-reach,
            zmax=reach,
            xgap=1,
            ygap=1,
            colorbar=style.colour_bar("Points of the row" if normalised else "Clips"),
        )
    )
    cells = [(i, j) for i in range(len(words)) for j in range(len(words))]
    figure.add_scatter(
        x=[words[j] for _, j in cells],
        y=[words[i] for i, _ in cells],
        mode="markers",
        name="cells",
        customdata=[[difference.labels[i], difference.labels[j], int(difference.confusion[i, j])] for i, j in cells],
        text=[_cell_hover(difference, words, i, j) for i, j in cells],
        hovertemplate="%{text}<extra></extra>",
        marker={"symbol": "square", "size": mark_px, "opacity": 0, "color": style.INK},
    )
    # Fixed ranges: plotly would leave room around the markers.
    ends = [-0.5, len(words) - 0.5]
    looks = {"showgrid": False, "tickmode": "linear"}
    figure.update_xaxes(title_text="Answered word", range=ends, tickangle=-90, **looks)
    figure.update_yaxes(title_text="True word", range=ends[::-1], **looks)
    note = "Orange: more such answers; blue: fewer. On the diagonal more is better, beside it fewer."
    title = title or f"Answers of {difference.run} less those of {difference.baseline}"
    finding = findings.changed_answers(difference)
    return style.finish(figure, title=title, finding=finding, note=note, height=height, bottom=92)


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
        colour, dash, symbol = look_of(name, at, None)
        shown = [each for each in own if on_training_clips or each.validation_accuracy is not None]
        epochs = [each.epoch for each in shown]
        accuracies = [each.train_accuracy if on_training_clips else each.validation_accuracy or 0.0 for each in shown]
        losses = [each.train_loss if on_training_clips else each.validation_loss for each in shown]
        for row, up, unit in ((1, [100 * each for each in accuracies], " %"), (2, losses, " nats")):
            figure.add_scatter(
                x=epochs,
                y=up,
                name=name,
                legendgroup=name,
                showlegend=row == 1,
                mode="lines+markers",
                line={"color": colour, "dash": dash, "width": 2},
                marker={"symbol": symbol, "size": 7 if len(epochs) < MANY else 3},
                hovertemplate=f"{name}, epoch %{{x}}: %{{y:.3g}}{unit}<extra></extra>",
                row=row,
                col=1,
            )
    figure.update_yaxes(title_text="Accuracy (%)", row=1, col=1)
    figure.update_yaxes(title_text="Loss (nats)", row=2, col=1)
    figure.update_xaxes(title_text="Epoch (number)", row=2, col=1)
    figure.update_layout(legend_tracegroupgap=0)
    clips = "training" if on_training_clips else "validation"
    note = f"On the {clips} clips of each run."
    return style.finish(
        figure,
        title=title or f"Training, on {clips} clips",
        finding=training_findings.several_curves(reports, on_training_clips=on_training_clips),
        note=note if any(reports.values()) else "",
        height=420,
        legend=list(reports),
    )
