"""The picture of a stream test: what a lower threshold costs in false alarms, and a higher one in missed words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import plotly.graph_objects as go

from core.figures import style
from core.figures.findings import studies as findings
from core.figures.findings.phrases import rate_text
from core.records.listening import StreamScores, StreamTrack

PICK_SIZE = 26
"""Diameter (pixels) of the invisible markers that take a click near a point: here points stand far apart."""


def misses_against_false_alarms(
    tracks: Sequence[StreamTrack], *, threshold: float | None = None, title: str | None = None
) -> go.Figure:
    """Share of missed keywords against false alarms an hour as the threshold moves: a line for each track.

    Args:
        tracks: Tracks at different signal-to-noise ratios; may be empty.
        threshold: The one to mark; None marks none.
        title: Title; None writes one.

    Returns:
        Figure with a line for each track, the markers "chosen" on those that have the threshold, and an invisible trace
        "pick" over all points, whose ``customdata`` is the threshold, for clicks.
    """
    figure = go.Figure()
    zero = _place_of_zero(tracks)
    names = [snr_text(track.snr_db) for track in tracks]
    for track, name, (colour, dash, symbol) in zip(tracks, names, cycle(style.LOOKS), strict=False):
        figure.add_scatter(
            x=_across(track.scores, zero),
            y=[100 * each.miss_share for each in track.scores],
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 7},
            hoverinfo="skip",
        )
    chosen = [each for track in tracks for each in track.scores if each.threshold == threshold]
    if chosen:
        figure.add_scatter(
            x=_across(chosen, zero),
            y=[100 * each.miss_share for each in chosen],
            name="chosen",
            mode="markers",
            marker=style.STAR,
            hoverinfo="skip",
        )
    points = [(name, each) for track, name in zip(tracks, names, strict=True) for each in track.scores]
    shown = [each for _, each in points]
    heights, thresholds = [100 * each.miss_share for each in shown], [each.threshold for each in shown]
    hovers = [_hover(name, each) for name, each in points]
    figure.add_trace(style.picks(_across(shown, zero), heights, thresholds, hovers, PICK_SIZE))
    figure.update_yaxes(title_text="Keywords missed (%)", rangemode="tozero")
    figure.update_xaxes(title_text="False alarms an hour (number)", type="log", **_ticks(points, zero))
    note = ""
    if points:
        note = "Towards the lower left is better. Along a line the threshold rises from right to left."
    else:
        style.panel_note(figure, findings.NOTHING_MEASURED)
    legend = [*names, *(["chosen"] if chosen else [])]
    return style.finish(
        figure,
        title=title or "Missed words or false alarms",
        finding=findings.stream(tracks, threshold),
        note=note,
        height=360,
        legend=legend if points else (),
    )


def snr_text(snr_db: float | None) -> str:
    """A signal-to-noise ratio as people read it.

    >>> snr_text(None), snr_text(10.0).replace(style.NBSP, " ")
    ('no noise', '10 dB')
    """
    return "no noise" if snr_db is None else f"{snr_db:g}{style.NBSP}dB"


def _place_of_zero(tracks: Sequence[StreamTrack]) -> float:
    """Where no false alarm at all is drawn on the logarithmic axis: half of one in the longest time listened to."""
    hours = [each.free_hours for track in tracks for each in track.scores]
    return 0.5 / max(hours) if hours else 0.5


def _across(scores: Sequence[StreamScores], zero: float) -> list[float]:
    return [each.false_alarms_per_hour or zero for each in scores]


def _ticks(points: Sequence[tuple[str, StreamScores]], zero: float) -> dict[str, object]:
    """Ticks at zero and at 1, 2, 5, 10 … as far as the points reach, all of them in sight."""
    most = max((each.false_alarms_per_hour for _, each in points), default=0.0)
    last = max(most, 10 * zero)
    steps = [step * 10.0**power for power in range(-4, 6) for step in (1, 2, 5)]
    # A step that nearly coincides with the place of zero would be written over it.
    steps = [step for step in steps if 1.6 * zero < step <= last]
    # Few enough for a phone.
    steps = steps if len(steps) <= 6 else [step for step in steps if f"{step:e}".startswith("1")]
    return {
        "tickvals": [zero, *steps],
        "ticktext": ["0", *(f"{step:,.4g}" for step in steps)],
        "range": [np.log10(zero) - 0.1, np.log10(last) + 0.1],
    }


def _hover(name: str, scores: StreamScores) -> str:
    """One point in words."""
    low, high = scores.false_alarms_interval
    return (
        f"Threshold {scores.threshold:.2f}, {name}:<br>"
        f"{scores.misses} of {scores.n_keywords} keywords missed ({100 * scores.miss_share:.1f} %),<br>"
        f"{rate_text(scores.false_alarms_per_hour)} false alarms an hour<br>"
        f"({scores.false_alarms} in {scores.free_hours:.2f} h; 95 % interval {rate_text(low)} to {rate_text(high)})"
    )
