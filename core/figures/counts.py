"""Pictures of plain numbers: clips in a dataset, times of a benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.config import LABELS, PROTOCOLS
from core.figures import style
from core.results import Timing

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
    note = f"{len(names):,} clips."
    return style.finish(
        figure, title=title or "Clips by word", note=note, height=24 * max(len(rows), 2) + 10, bottom=76
    )


def _ordered(found: set[str], first: Sequence[str]) -> list[str]:
    """The names in the given order, then the others by alphabet."""
    return [name for name in first if name in found] + sorted(found - set(first))


def timings_bars(timings: Sequence[Timing], clips: int = 100, *, title: str | None = None) -> go.Figure:
    """How long each way to compute spectrograms takes, with the spread of the repeats.

    Args:
        timings: Repeated timings of the same task done in different ways (seconds a batch).
        clips: Clips in a batch.
        title: Title; None writes one.

    Returns:
        Figure with the bars "median" (ms for 100 clips); whiskers reach from the 10th to the 90th percentile.
    """
    scale = 1000 * 100 / clips
    names = [timing.name for timing in timings]
    medians = np.array([timing.median_s for timing in timings]) * scale
    lows, highs = (np.array([getattr(timing, end) for timing in timings]) * scale for end in ("low_s", "high_s"))
    figure = go.Figure(
        go.Bar(
            x=medians,
            y=names,
            orientation="h",
            name="median",
            width=0.24,
            marker={"color": "#9fb3c8"},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": highs - medians,
                "arrayminus": medians - lows,
                "color": style.INK,
            },
            customdata=np.stack([lows, highs], axis=1),
            hovertext=[_ratio_text(timing, timings) for timing in timings],
            hovertemplate="%{y}: %{x:.2f} ms for 100 clips<br>8 of 10 repeats: %{customdata[0]:.2f} to "
            "%{customdata[1]:.2f} ms%{hovertext}<extra></extra>",
        )
    )
    for name, median, timing in zip(names, medians, timings, strict=True):
        # Written above the bar, from the left: a phone has no room beside it.
        text = f"<b>{name}</b><br>{median:.3g} ms{_ratio_text(timing, timings)}"
        figure.add_annotation(
            x=0, y=name, text=text, xanchor="left", align="left", yanchor="bottom", yshift=9, showarrow=False
        )
    figure.update_xaxes(title_text="Time for 100 clips (ms)", range=[0, 1.05 * float(highs.max(initial=0.001))])
    figure.update_yaxes(title_text="Method", showticklabels=False, ticks="", range=[len(names) - 0.7, -0.9])
    note = "Shorter is faster. Bar: median of the repeats. Whisker: 8 of 10 repeats lie inside."
    return style.finish(
        figure, title=title or "Speed of the spectrogram", note=note, height=66 * max(len(names), 1) + 10
    )


def _ratio_text(timing: Timing, timings: Sequence[Timing]) -> str:
    """Speed beside nnAudio's on the same device; the device is the name's part in brackets."""
    device = timing.name.rpartition("(")[2] if "(" in timing.name else ""
    for other in timings:
        if "nnaudio" in other.name.lower() and other.name.endswith(device):
            ratio = other.median_s / timing.median_s
            return ", the reference" if other is timing else f", {ratio:.2g} × the speed of nnAudio"
    return ""
