"""Pictures of an evaluation: which words were taken for which, and how well each word is found."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.config import PROTOCOLS
from core.figures import style
from core.results import Evaluation, Scores


def confusion_matrix(evaluation: Evaluation, *, normalised: bool = True, title: str | None = None) -> go.Figure:
    """Which answers the clips of each word got: rows are true words, columns the model's answers.

    Args:
        evaluation: Answers of a model to the clips of one protocol.
        normalised: Whether a cell is the share of its row (%) rather than a number of clips.
        title: Title; None names run, protocol, dataset and number of clips.

    Returns:
        Figure with the heatmap "confusion", whose rows without clips are empty, and the invisible markers "cells" on
        top, which can be selected; their ``customdata`` is (true label, answered label, clips).
    """
    counts = np.asarray(evaluation.confusion)
    totals = counts.sum(axis=1, keepdims=True)
    filled = np.where(totals > 0, counts.astype(np.float64), np.nan)
    shares = 100 * filled / np.where(totals > 0, totals, 1)
    values = shares if normalised else filled
    words = [style.word_text(label) for label in evaluation.labels]
    text = [[_cell_text(value, normalised) for value in row] for row in values]
    figure = go.Figure(
        go.Heatmap(
            # Colours follow the share of the row also beside counts: one large class would darken all others.
            x=words,
            y=words,
            z=shares,
            customdata=values,
            text=text,
            texttemplate="%{text}",
            textfont={"size": 10.5},
            name="confusion",
            hoverinfo="skip",
            colorscale=style.AMOUNT_SCALE,
            zmin=0,
            zmax=100,
            showscale=False,
            xgap=1,
            ygap=1,
        )
    )
    _add_cells(figure, evaluation, words)
    # Fixed ranges: plotly would leave room around the markers.
    ends = [-0.5, len(words) - 0.5]
    looks = {"showgrid": False, "tickmode": "linear"}
    figure.update_xaxes(title_text="Answered word", range=ends, tickangle=-90, **looks)
    figure.update_yaxes(title_text="True word", range=ends[::-1], **looks)
    empty = [words[row] for row in np.flatnonzero(totals[:, 0] == 0)]
    note = (
        f"Share of each row (%): rows add up to 100{style.NBSP}%."
        if normalised
        else "Number of clips; colour: share of the row."
    )
    if empty:
        note += f" Empty row, since no clip is of this class: {', '.join(empty)}."
    return style.finish(figure, title=title or _title(evaluation), note=note, height=440, bottom=92)


def _cell_text(value: float, normalised: bool) -> str:
    """Text of one cell; zeros and rows without clips stay blank so that the rest can be seen."""
    if not value > 0:
        return ""
    return "<1" if normalised and value < 0.5 else f"{value:.0f}"


def _add_cells(figure: go.Figure, evaluation: Evaluation, words: list[str]) -> None:
    """Lay invisible markers over the cells: a click on a heatmap selects nothing, one on a marker does."""
    counts = np.asarray(evaluation.confusion)
    totals = counts.sum(axis=1)
    across, down, cells, texts = [], [], [], []
    for i, true in enumerate(evaluation.labels):
        for j, answered in enumerate(evaluation.labels):
            across.append(words[j])
            down.append(words[i])
            cells.append([true, answered, int(counts[i, j])])
            if totals[i]:
                share = f"{100 * counts[i, j] / totals[i]:.1f} %"
                texts.append(
                    f"{counts[i, j]:,} of {totals[i]:,} clips of “{words[i]}” ({share})<br>heard as “{words[j]}”"
                )
            else:
                texts.append(f"this protocol has no clips of “{words[i]}”")
    figure.add_scatter(
        x=across,
        y=down,
        mode="markers",
        name="cells",
        customdata=cells,
        text=texts,
        hovertemplate="%{text}<extra></extra>",
        marker={"symbol": "square", "size": 22, "opacity": 0, "color": style.INK},
        selected={"marker": {"opacity": 0.35, "color": "#D55E00"}},
        unselected={"marker": {"opacity": 0}},
    )


def _title(evaluation: Evaluation) -> str:
    protocol = PROTOCOLS.get(evaluation.protocol, evaluation.protocol)
    return f"{evaluation.run}: {protocol} of {evaluation.dataset}, n{style.NBSP}={style.NBSP}{evaluation.n:,} clips"


def class_scores_bars(scores: Scores, *, title: str | None = None) -> go.Figure:
    """Precision, recall and F1 of every class, side by side.

    Args:
        scores: Figures of one evaluation.
        title: Title; None writes one with accuracy and number of clips.

    Returns:
        Figure with the traces "precision", "recall" and "F1" (%); classes without clips have no marks.
    """
    rows = scores.by_class
    words = [f"{style.word_text(row.label)} ({row.n:,})" for row in rows]
    looks = (
        ("precision", "right when it says so", [row.precision for row in rows], "diamond", style.OKABE_ITO[4]),
        ("recall", "found when it is said", [row.recall for row in rows], "circle", style.OKABE_ITO[3]),
        ("F1", "both in one number", [row.f1 for row in rows], "line-ns-open", style.INK),
    )
    figure = go.Figure()
    for name, meaning, shares, symbol, colour in looks:
        percents = [100 * share if row.n else np.nan for share, row in zip(shares, rows, strict=True)]
        figure.add_scatter(
            x=percents,
            y=words,
            name=name,
            mode="markers",
            marker={
                "symbol": symbol,
                "size": 11,
                "color": colour,
                "line": {"width": 2 if "open" in symbol else 0, "color": colour},
            },
            hovertemplate=f"{name} of %{{y}}: %{{x:.1f}} %<br>{meaning}<extra></extra>",
        )
    figure.update_xaxes(title_text="Score (%)", range=[-2, 102])
    figure.update_yaxes(title_text="Word (clips)", categoryorder="array", categoryarray=words[::-1], tickmode="linear")
    low, high = scores.interval
    accuracy = f"Accuracy {100 * scores.accuracy:.1f}\u00a0%"
    note = f"{accuracy} (95\u00a0% interval {100 * low:.1f} to {100 * high:.1f}), n\u00a0=\u00a0{scores.n:,}."
    empty = [style.word_text(row.label) for row in rows if not row.n]
    if empty:
        note += f" No clips of: {', '.join(empty)}."
    legend = ("precision", "recall", "F1")
    return style.finish(figure, title=title or "Scores by word", note=note, height=26 * len(rows) + 20, legend=legend)
