"""A picture of plain numbers: how many clips of each word a dataset has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.config import LABELS, PROTOCOLS, SILENCE_LABEL
from core.figures import style
from core.figures.findings import training as findings

SPLIT_ORDER = ("train", "validation", "official", "testing-list")


def class_counts(labels: Sequence[str], splits: Sequence[str], *, title: str | None = None) -> go.Figure:
    """How many clips of each word every part of a dataset has, as a table whose colours follow the numbers.

    Args:
        labels: Word or label of each clip, such as ``pack.words``, shape (n,).
        splits: Part of the dataset that each clip is in, such as ``pack.splits``, shape (n,).
        title: Title; None writes one.

    Returns:
        Figure with the heatmap "clips": rows are words, columns parts; text gives the numbers.
    """
    names, parts = np.asarray(labels, dtype=str), np.asarray(splits, dtype=str)
    rows = _ordered(set(names.tolist()), LABELS)
    columns = _ordered(set(parts.tolist()), SPLIT_ORDER)
    found = Counter(zip(names.tolist(), parts.tolist(), strict=True))
    counts = np.array([[found[row, column] for column in columns] for row in rows], dtype=np.int64)
    counts = counts.reshape(len(rows), len(columns))
    figure = go.Figure(
        go.Heatmap(
            x=[PROTOCOLS.get(column, column).replace(" ", "<br>", 1) for column in columns],
            y=[style.word_text(row) for row in rows],
            # Colours follow the square root, so that 40 and 400 clips still differ beside 4,000.
            z=np.sqrt(counts),
            customdata=counts,
            text=[[f"{count:,}" for count in row] for row in counts],
            texttemplate="%{text}",
            name="clips",
            colorscale=style.AMOUNT_SCALE,
            showscale=False,
            xgap=2,
            ygap=1,
            hovertemplate="%{customdata:,} clips of “%{y}”<br>in the part “%{x}”<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="Part of the dataset (number of clips)", showgrid=False)
    figure.update_yaxes(title_text="Word", autorange="reversed", showgrid=False, tickmode="linear")
    n_silence = int((names == SILENCE_LABEL).sum())
    note = f"{len(names):,} clips: {len(names) - n_silence:,} of words, {n_silence:,} of silence."
    return style.finish(
        figure,
        title=title or "Clips by word",
        finding=findings.words(dict(zip(rows, counts.sum(axis=1).tolist(), strict=True))),
        note=note,
        height=24 * max(len(rows), 2) + 10,
        bottom=76,
    )


def _ordered(found: set[str], first: Sequence[str]) -> list[str]:
    """The names in the given order, then the others by alphabet."""
    return [name for name in first if name in found] + sorted(found - set(first))
