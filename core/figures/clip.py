"""Pictures of one clip through a model: what it sees and what it answers, before and after the filters were trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.findings import sounds as findings
from core.figures.sound import AXIS_TIME, known_centres, log_mel_image
from core.records.filters import Filters

TRUE_MARK = "✓"

MOST_BARS = 14
"""Answers that are drawn; of more, the most probable."""


def log_mel_pair(
    initial: NDArray[np.floating], learned: NDArray[np.floating], filters: Filters, *, title: str | None = None
) -> go.Figure:
    """One sound through the initial and through the learned filters, on one scale.

    Args:
        initial: Log-mel power, (n_mels, frames), natural logarithm.
        learned: The same through the learned filters.
        filters: Both sets of filters, for the axes.
        title: Title; None writes one.

    Returns:
        Figure with the heatmaps "initial" and "learned", above each other.
    """
    hop_s = filters.hop_length / filters.sample_rate
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.14)
    both = np.concatenate([initial, learned], axis=1)
    finite = both[np.isfinite(both)]
    low, high = (float(end) for end in np.percentile(finite, [0.5, 100])) if finite.size else (0.0, 1.0)
    for row, (name, values) in enumerate((("initial", initial), ("learned", learned)), start=1):
        one = log_mel_image(values, hop_s=hop_s, filters=filters)
        (heatmap,) = one.data
        heatmap.update(
            name=name, zmin=low, zmax=high, showscale=row == 1, colorbar=style.colour_bar("log power (natural log)")
        )
        figure.add_trace(heatmap, row=row, col=1)
        looks = one.layout.yaxis
        figure.update_yaxes(
            title_text="Frequency (Hz)", tickvals=looks.tickvals, ticktext=looks.ticktext, row=row, col=1
        )
        style.panel_heading(figure, row, name)
    figure.update_xaxes(title_text=AXIS_TIME, row=2, col=1)
    centres_hz = known_centres(len(initial), filters=filters)
    finding = findings.two_spectrograms(initial, learned, centres_hz, trained=filters.setting != "A")
    return style.finish(figure, title=title or "What the model sees", finding=finding, height=400, heading=True)


def answer_bars(
    labels: Sequence[str],
    learned: Sequence[float],
    *,
    initial: Sequence[float] | None = None,
    truth: str = "",
    title: str | None = None,
) -> go.Figure:
    """Probabilities of all answers to one clip, as the model is and as it would hear through its initial filters.

    Args:
        labels: The labels.
        learned: Probability of each, 0 to 1.
        initial: The same with the initial filters in front of the same network; None if none were trained.
        truth: Label of the right answer, marked on the axis.
        title: Title; None writes one.

    Returns:
        Figure with the bars "learned" and, if given, the marks "initial" (%): of all answers, or of the ``MOST_BARS``
        most probable and the right one.
    """
    n_all = len(labels)
    shown = _most_probable(labels, learned, initial, truth)
    finding = findings.answers_to_clip(labels, learned, initial, truth)
    labels, learned = [labels[at] for at in shown], [learned[at] for at in shown]
    initial = None if initial is None else [initial[at] for at in shown]
    names = [f"{TRUE_MARK} {style.word_text(label)}" if label == truth else style.word_text(label) for label in labels]
    percents = [100 * value for value in learned]
    figure = go.Figure(
        go.Bar(
            x=percents,
            y=names,
            orientation="h",
            name="learned" if initial is not None else "the model",
            marker={"color": style.LEARNED_COLOUR},
            # The gap keeps it clear of a diamond at the end of the bar.
            text=[f"\N{EM SPACE}{value:.0f} %" if value >= 0.5 else "" for value in percents],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
        )
    )
    legend: list[str] = []
    if initial is not None:
        legend = ["learned", "initial"]
        figure.add_scatter(
            x=[100 * value for value in initial],
            y=names,
            name="initial",
            mode="markers",
            cliponaxis=False,
            marker={"symbol": "diamond-open", "size": 11, "color": style.FAINT_INK, "line": {"width": 2}},
            hovertemplate="%{y} through the initial filters: %{x:.1f} %<extra></extra>",
        )
    figure.update_xaxes(title_text="Probability (%)", range=[0, 118], tickvals=[0, 25, 50, 75, 100])
    figure.update_yaxes(title_text="Word", categoryorder="array", categoryarray=names[::-1], tickmode="linear")
    note = f"{TRUE_MARK} marks the right answer." if truth else ""
    if len(names) < n_all:
        note = f"The most probable of {n_all} answers. {note}".strip()
    height = 26 * len(names) + 20
    title = title or "What the model answers"
    return style.finish(figure, title=title, finding=finding, note=note, height=height, legend=legend)


def _most_probable(
    labels: Sequence[str], learned: Sequence[float], initial: Sequence[float] | None, truth: str
) -> list[int]:
    """Numbers of the answers to draw, in the order of the labels: all, or the most probable and the right one."""
    if len(labels) <= MOST_BARS:
        return list(range(len(labels)))
    highest = np.maximum(learned, learned if initial is None else initial)
    kept = set(np.argsort(-highest, kind="stable")[:MOST_BARS].tolist())
    return [at for at, label in enumerate(labels) if at in kept or label == truth]
