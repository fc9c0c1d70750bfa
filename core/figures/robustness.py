"""Accuracy of models on clips that are changed more and more: by model, by noise, by word."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import style
from core.figures.findings import studies as findings
from core.figures.findings.studies import point_text as point_text
from core.figures.findings.studies import value_text as value_text
from core.records.robustness import Change, Robustness, noise_title

APART = 0.07
"""Points of several lines at the same value stand this far apart (steps), so that their intervals can be told."""

AXES: dict[Change, str] = {
    "noise": "Speech over noise (dB)",
    "shift": "Shift, later is positive (ms)",
    "gain": "Change of level (dB)",
    "speed": "Speed, times the original (no unit)",
}

TITLES: dict[Change, str] = {
    "noise": "Accuracy in noise",
    "shift": "Accuracy of early and late words",
    "gain": "Accuracy of quiet and loud words",
    "speed": "Accuracy of slow and fast words",
}


def accuracy_when_changed(
    records: Sequence[Robustness], *, chosen: tuple[int, int] | None = None, title: str | None = None
) -> go.Figure:
    """Accuracy of several models on the same clips, the more they are changed, with 95 % intervals.

    Args:
        records: One for each model, with the same kind and values; may be empty.
        chosen: Number of a record and of a value to mark.
        title: Title; None writes one.

    Returns:
        Figure with a line for each model, a dotted line "trivial baseline", a marker "chosen" if there is one, and an
        invisible trace "pick" over all points, whose ``customdata`` is "record,value", for clicks.
    """
    figure = go.Figure()
    places = _places(len(records))
    for record, look, place in zip(records, cycle(style.LOOKS), places, strict=False):
        _add_line(figure, record.run, record, None, look, place)
    points = [(number, step) for number, record in enumerate(records) for step in range(len(record.values))]
    across = [step + places[number] for number, step in points]
    heights = [100 * float(records[number].accuracy()[0][step]) for number, step in points]
    if records:
        _add_baseline(figure, records[0])
    if chosen in points:
        at = points.index(chosen)
        figure.add_trace(style.chosen(across[at], heights[at], 20))
    hovers = [_hover(records[number].run, records[number], None, step) for number, step in points]
    figure.add_trace(style.picks(across, heights, [f"{number},{step}" for number, step in points], hovers))
    title = title or (TITLES[records[0].kind] if records else "Accuracy on changed clips")
    note = f"{clips_text(records[0])}. Whiskers: 95 % intervals. Click a point to hear its clips." if records else ""
    return _finished(figure, records, [record.run for record in records], title, findings.changed(records), note)


def accuracy_by_noise(record: Robustness, *, title: str | None = None) -> go.Figure:
    """Accuracy of one model in each kind of noise apart.

    Args:
        record: Measured in noise.
        title: Title; None writes one.

    Returns:
        Figure with a line for each noise, named with its number of clips.
    """
    figure = go.Figure()
    names = [f"{noise_title(name)} ({int((record.noise == i).sum())})" for i, name in enumerate(record.noises)]
    places = _places(len(names))
    for number, (name, look, place) in enumerate(zip(names, cycle(style.LOOKS), places, strict=False)):
        clips = record.noise == number
        _add_line(figure, name, record, clips, look, place, hover=True)
    _add_baseline(figure, record)
    note = f"{record.run}. In brackets: clips that got this noise. Whiskers: 95 % intervals."
    return _finished(figure, [record], names, title or "Which noise is hard?", findings.noises(record), note)


def right_by_word(record: Robustness, *, title: str | None = None) -> go.Figure:
    """Share of each label's clips that one model still gets right.

    Args:
        record: What was measured.
        title: Title; None writes one.

    Returns:
        Figure with the heatmap "right" (%): rows are labels, columns values.
    """
    present = [label for label in range(len(record.labels)) if (record.truth == label).any()]
    shares = [100 * record.right[:, record.truth == label].mean(axis=1) for label in present]
    counts = [int((record.truth == label).sum()) for label in present]
    words = [style.word_text(record.labels[label]) for label in present]
    figure = go.Figure(
        go.Heatmap(
            x=list(range(len(record.values))),
            y=words,
            z=np.array(shares).reshape(len(present), len(record.values)),
            zmin=0,
            zmax=100,
            customdata=np.repeat(np.array(counts)[:, None], len(record.values), axis=1),
            text=[[f"{share:.0f}" for share in row] for row in shares],
            texttemplate="%{text}",
            name="right",
            colorscale=style.AMOUNT_SCALE,
            colorbar=style.colour_bar("right (%)"),
            xgap=1,
            ygap=1,
            hovertemplate="%{z:.0f} % of the %{customdata} clips of “%{y}” right<extra></extra>",
        )
    )
    figure.update_yaxes(title_text="True word", autorange="reversed", showgrid=False, tickmode="linear")
    figure.update_xaxes(title_text=AXES[record.kind], showgrid=False, **_ticks(record))
    note = f"{record.run}: share of each word's clips answered right (%)."
    finding = findings.lost_words(record)
    title = title or "Which words get lost?"
    return style.finish(figure, title=title, finding=finding, note=note, height=24 * len(present) + 20)


def clips_text(record: Robustness) -> str:
    """How many clips of which protocol, such as "600 of 2,427 clips of the official test set"."""
    of_all = f"{record.n:,} of {record.n_all:,}" if record.n < record.n_all else f"all {record.n:,}"
    return f"{of_all} clips of the {record.clips_title}".replace("clips of the validation", "validation clips")


def _add_line(
    figure: go.Figure,
    name: str,
    record: Robustness,
    clips: NDArray[np.bool_] | None,
    look: tuple[str, str, str],
    place: float,
    *,
    hover: bool = False,
) -> None:
    accuracy, low, high = record.accuracy(clips)
    colour, dash, symbol = look
    steps = range(len(record.values))
    figure.add_scatter(
        x=[step + place for step in steps],
        y=100 * accuracy,
        error_y=style.whiskers(100 * accuracy, 100 * low, 100 * high, thickness=1.2, width=3),
        name=name,
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": 2},
        marker={"symbol": symbol, "size": 8},
        hovertext=[_hover(name, record, clips, step) for step in steps] if hover else None,
        hovertemplate="%{hovertext}<extra></extra>" if hover else None,
        hoverinfo=None if hover else "skip",
    )


def _add_baseline(figure: go.Figure, record: Robustness) -> None:
    share, label = record.baseline
    figure.add_scatter(
        x=[-0.3, len(record.values) - 0.7],
        y=[100 * share] * 2,
        name=f"always “{style.word_text(label)}”",
        mode="lines",
        line=style.GUIDE_LINE,
        hovertemplate=f"Always answering “{style.word_text(label)}”: {100 * share:.1f} %<extra></extra>",
    )


def _finished(
    figure: go.Figure, records: Sequence[Robustness], names: Sequence[str], title: str, finding: str, note: str
) -> go.Figure:
    figure.update_yaxes(title_text="Accuracy (%)", range=[0, 103])
    if not records:
        figure.update_xaxes(title_text=AXES["noise"])
        style.panel_note(figure, findings.NOTHING_MEASURED)
        return style.finish(figure, title=title, finding=finding, height=340)
    figure.update_xaxes(title_text=AXES[records[0].kind], **_ticks(records[0]))
    legend = [*names, f"always “{style.word_text(records[0].baseline[1])}”"]
    return style.finish(figure, title=title, finding=finding, note=note, height=340, legend=legend)


def _ticks(record: Robustness) -> dict[str, object]:
    """Values evenly spaced, since "clean" has no number."""
    return {
        "tickvals": list(range(len(record.values))),
        "ticktext": [value_text(record.kind, value) for value in record.values],
        "range": [-0.5, len(record.values) - 0.5],
    }


def _places(n: int) -> list[float]:
    """Where each of ``n`` lines stands beside the value."""
    return [APART * (number - (n - 1) / 2) for number in range(n)]


def _hover(name: str, record: Robustness, clips: NDArray[np.bool_] | None, step: int) -> str:
    accuracy, low, high = (float(each[step]) for each in record.accuracy(clips))
    n = record.n if clips is None else int(clips.sum())
    return (
        f"{name}, {point_text(record.kind, record.values[step])}:<br>"
        f"{100 * accuracy:.1f} % of {n:,} clips right<br>(95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
    )
