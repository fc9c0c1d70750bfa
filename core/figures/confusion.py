"""Pictures of an evaluation: which words were taken for which, and how well each word is found."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import style
from core.figures.findings import scores as findings
from core.figures.findings.scores import FEW
from core.metrics import WordAnswers, WordScores
from core.records.evaluation import Evaluation, Scores

Show = Literal["true", "answered", "counts"]
"""What the cells tell: the share of the clips of a word, the share of the clips that got an answer, or counts."""

CHOSEN_COLOUR = style.VERMILLION
FEW_NAME = "few clips"
PICK_PIXELS = 60
"""A click this far from a cell's middle still counts: cells are wider than the invisible markers on them."""


def confusion_matrix(
    evaluation: Evaluation,
    *,
    show: Show = "true",
    order: Sequence[int] | None = None,
    chosen: tuple[str, str] | None = None,
    title: str | None = None,
) -> go.Figure:
    """Which answers the clips of each word got: rows are true words, columns the model's answers.

    Args:
        evaluation: Answers of a model to the clips of one protocol.
        show: "true" for the share of a row (%), "answered" for the share of a column (%), "counts" for clips.
        order: Numbers of the labels in the order shown; None takes that of the labels.
        chosen: True and answered label of a cell to frame.
        title: Title; None names run and protocol.

    Returns:
        Figure with the heatmap "confusion", whose rows (with "answered", columns) without clips are empty, a paler one,
        "few clips", for those with fewer than five, and the invisible markers "cells" on top, which can be selected;
        their ``customdata`` is (true label, answered label, clips).
    """
    shown = list(range(len(evaluation.labels))) if order is None else [int(number) for number in order]
    labels = [evaluation.labels[number] for number in shown]
    counts = np.asarray(evaluation.confusion)[np.ix_(shown, shown)]
    figure = _matrix(labels, labels, counts, show, chosen)
    # Plotly reads a note as HTML; the dataset is whatever a file says.
    n = _clips(evaluation.n).replace(" ", style.NBSP)
    note = f"n{style.NBSP}={style.NBSP}{n} of {html.escape(evaluation.dataset)}. "
    note += {
        "true": f"Rows add up to 100{style.NBSP}%.",
        "answered": f"Columns add up to 100{style.NBSP}%.",
        "counts": "Number of clips; colour: share of the row.",
    }[show]
    note += _few_note(counts, show)
    if empty := [style.word_text(labels[row]) for row in np.flatnonzero(counts.sum(axis=1) == 0)]:
        note += f" Empty row, since no clip is of this class: {', '.join(empty)}."
    if show == "answered" and (never := [labels[row] for row in np.flatnonzero(counts.sum(axis=0) == 0)]):
        note += f" Empty column, since nothing was called this: {', '.join(map(style.word_text, never))}."
    finding = findings.mix_ups(evaluation.labels, evaluation.confusion)
    height, _, _ = style.matrix_sizes(len(labels), len(labels))
    return style.finish(figure, title=title or _title(evaluation), finding=finding, note=note, height=height, bottom=92)


def unknown_matrix(
    words: WordAnswers, *, show: Show = "true", chosen: tuple[str, str] | None = None, title: str | None = None
) -> go.Figure:
    """Which answers each word behind the class "unknown" got, those mistaken most often on top.

    Args:
        words: The answers word by word.
        show: As for ``confusion_matrix``.
        chosen: Word and answered label of a cell to frame.
        title: Title; None writes one.

    Returns:
        Figure with the heatmap "confusion" and the markers "cells", as in ``confusion_matrix``.
    """
    figure = _matrix(list(words.words), list(words.labels), words.counts, show, chosen)
    figure.update_yaxes(title_text="True word (clips)")
    ticks = [f"{word} ({n:,})" for word, n in zip(words.words, words.n, strict=True)]
    figure.update_yaxes(tickvals=list(words.words), ticktext=ticks, tickmode="array")
    right = int(words.n.sum() - words.mistaken.sum())
    what = "Clips" if show == "counts" else f"Share of each {'row' if show == 'true' else 'column'} (%)"
    note = f"{what}. {right:,} of {_clips(int(words.n.sum()))} rightly called unknown: the column “unknown”."
    note += _few_note(words.counts, show)
    return style.finish(
        figure,
        title=title or "What unknown words are taken for",
        finding=findings.unknown_words(words),
        note=note,
        height=max(22 * len(words.words), 60),
        bottom=92,
    )


def _matrix(
    rows: list[str], columns: list[str], counts: NDArray[np.int64], show: Show, chosen: tuple[str, str] | None
) -> go.Figure:
    """Heat map of counts or shares, with markers to click on."""
    down, across = [style.word_text(label) for label in rows], [style.word_text(label) for label in columns]
    axis = 0 if show == "answered" else 1
    totals = counts.sum(axis=axis, keepdims=True)
    filled = np.where(totals > 0, counts.astype(np.float64), np.nan)
    shares = 100 * filled / np.where(totals > 0, totals, 1)
    values = filled if show == "counts" else shares
    is_few = np.broadcast_to(_are_few(totals), counts.shape)
    _, text_px, mark_px = style.matrix_sizes(len(rows), len(columns))
    figure = go.Figure()
    for name, left_out, scale in (("confusion", is_few, style.SHARE_SCALE), (FEW_NAME, ~is_few, style.FEW_SCALE)):
        if name == FEW_NAME and left_out.all():
            continue
        figure.add_heatmap(
            # Colours follow the share also beside counts: one large class would darken all others.
            x=across,
            y=down,
            z=np.where(left_out, np.nan, shares),
            customdata=values,
            text=np.where(left_out, "", [[_cell_text(value, show != "counts") for value in row] for row in values]),
            texttemplate="%{text}",
            textfont={"size": text_px},
            name=name,
            hoverinfo="skip",
            colorscale=scale,
            zmin=0,
            zmax=100,
            showscale=False,
            xgap=1,
            ygap=1,
        )
    figure.add_scatter(
        x=across * len(down),
        y=np.repeat(down, len(across)).tolist(),
        mode="markers",
        name="cells",
        customdata=[
            [true, answered, int(counts[i, j])] for i, true in enumerate(rows) for j, answered in enumerate(columns)
        ],
        text=_cell_hovers(down, across, counts),
        hovertemplate="%{text}<extra></extra>",
        marker={"symbol": "square", "size": mark_px, "opacity": 0, "color": style.INK},
        # What was clicked on is framed below, so a cell chosen in another way looks the same.
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )
    if chosen is not None and chosen[0] in rows and chosen[1] in columns:
        i, j = rows.index(chosen[0]), columns.index(chosen[1])
        frame = {"color": CHOSEN_COLOUR, "width": 3}
        figure.add_shape(type="rect", x0=j - 0.5, x1=j + 0.5, y0=i - 0.5, y1=i + 0.5, line=frame, name="chosen")
    # Fixed ranges: plotly would leave room around the markers.
    looks = {"showgrid": False, "tickmode": "linear", "fixedrange": True}
    figure.update_xaxes(title_text="Answered word", range=[-0.5, len(across) - 0.5], tickangle=-90, **looks)
    figure.update_yaxes(title_text="True word", range=[len(down) - 0.5, -0.5], **looks)
    if axis == 0:
        figure.update_xaxes(tickvals=across, ticktext=_named(across, totals.ravel(), "answer"), tickmode="array")
    else:
        figure.update_yaxes(tickvals=down, ticktext=_named(down, totals.ravel(), "clip"), tickmode="array")
    return figure.update_layout(hoverdistance=PICK_PIXELS, dragmode=False)


def _named(texts: list[str], totals: NDArray[np.int64], what: str) -> list[str]:
    """Words, those with few clips with their number."""
    few = _are_few(totals)
    return [
        f"{text} ({n} {what}{'s' * (n != 1)})" if is_few else text
        for text, n, is_few in zip(texts, totals.tolist(), few, strict=True)
    ]


def _are_few(totals: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows or columns have clips, but too few to say much."""
    return np.asarray((totals > 0) & (totals < FEW))


def _few_note(counts: NDArray[np.int64], show: Show) -> str:
    """Why some rows or columns are pale; empty where none is."""
    by_answer = show == "answered"
    if not _are_few(counts.sum(axis=0 if by_answer else 1)).any():
        return ""
    return f" Pale: fewer than {FEW} {'answers' if by_answer else 'clips'}."


def _cell_text(value: float, is_share: bool) -> str:
    """Text of one cell; zeros and rows without clips stay blank so that the rest can be seen."""
    if not value > 0:
        return ""
    return "<1" if is_share and value < 0.5 else f"{value:.0f}"


def _cell_hovers(down: list[str], across: list[str], counts: NDArray[np.int64]) -> list[str]:
    """Every cell in words."""
    of_row, of_column = counts.sum(axis=1), counts.sum(axis=0)
    texts = []
    for i, true in enumerate(down):
        for j, answered in enumerate(across):
            count = int(counts[i, j])
            if not of_row[i]:
                texts.append(f"this protocol has no clips of “{true}”")
                continue
            text = (
                f"{count:,} of {_clips(int(of_row[i]))} of “{true}” ({100 * count / of_row[i]:.1f} %)"
                f"<br>heard as “{answered}”"
            )
            if of_column[j]:
                text += f"<br>{100 * count / of_column[j]:.1f} % of the {of_column[j]:,} answers “{answered}” here"
            texts.append(text)
    return texts


def _clips(n: int) -> str:
    return "1 clip" if n == 1 else f"{n:,} clips"


def _title(evaluation: Evaluation) -> str:
    # Plotly reads a title as HTML; the run's name is whatever a file says.
    return f"{html.escape(evaluation.run)}, {evaluation.clips_title}"


def class_scores_bars(
    scores: Scores, *, words: Sequence[WordScores] | None = None, title: str | None = None
) -> go.Figure:
    """Precision, recall and F1 of every class, side by side.

    Args:
        scores: Figures of one evaluation.
        words: Counts of the same evaluation, for the 95 % intervals of precision and recall; None draws none.
        title: Title; None writes one.

    Returns:
        Figure with the traces "precision", "recall" and "F1" (%); classes without clips have no marks.
    """
    rows = scores.by_class
    places = np.arange(len(rows), dtype=np.float64)
    # Whiskers need lanes of their own.
    lane = 0.2 if words else 0.0
    looks = (
        ("precision", "right when it says so", [row.precision for row in rows], "diamond", style.VERMILLION, -lane),
        ("recall", "found when it is said", [row.recall for row in rows], "circle", style.GREEN, lane),
        ("F1", "both in one number", [row.f1 for row in rows], "line-ns-open", style.INK, 0.0),
    )
    figure = go.Figure()
    for name, meaning, shares, symbol, colour, shift in looks:
        ends = [_ends(word, name) for word in words] if words and name != "F1" else []
        percents = [100 * share if row.n else np.nan for share, row in zip(shares, rows, strict=True)]
        texts = [
            f"{name} of {style.word_text(row.label)}: {value:.1f} %" for row, value in zip(rows, percents, strict=True)
        ]
        texts = [text + of for text, (*_, of) in zip(texts, ends, strict=True)] if ends else texts
        figure.add_scatter(
            x=percents,
            y=places + shift,
            name=name,
            mode="markers",
            text=texts,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [max(0.0, 100 * high - value) for (_, high, _), value in zip(ends, percents, strict=True)],
                "arrayminus": [max(0.0, value - 100 * low) for (low, _, _), value in zip(ends, percents, strict=True)],
                "thickness": 1.4,
                "width": 3,
            }
            if ends
            else None,
            marker={
                "symbol": symbol,
                "size": 8 if words else 11,
                "color": colour,
                "line": {"width": 2 if "open" in symbol else 0, "color": colour},
            },
            hovertemplate=f"%{{text}}<br>{meaning}<extra></extra>",
        )
    ticks = [f"{style.word_text(row.label)} ({row.n:,})" for row in rows]
    figure.update_xaxes(title_text="Score (%)", range=[-2, 102])
    figure.update_yaxes(
        title_text="Word (clips)", tickvals=places, ticktext=ticks, range=[len(rows) - 0.5, -0.5], showgrid=not words
    )
    empty = [style.word_text(row.label) for row in rows if not row.n]
    note = f"No clips of: {', '.join(empty)}." if empty else ""
    legend = ("precision", "recall", "F1")
    height = (32 if words else 26) * len(rows) + 20
    finding = findings.by_word(scores)
    title = title or "Scores by word"
    return style.finish(figure, title=title, finding=finding, note=note, height=height, legend=legend)


def _ends(word: WordScores, name: str) -> tuple[float, float, str]:
    """Ends of an interval, and it in words with what was counted."""
    low, high = word.recall_interval if name == "recall" else word.precision_interval
    n = word.n if name == "recall" else word.answered
    if not n:
        return np.nan, np.nan, " (nothing was counted)"
    text = f"<br>{word.right:,} of {_clips(n)}; 95 % interval {100 * low:.1f} to {100 * high:.1f}"
    return low, high, text
