"""Pictures of who and what a model is bad for: accuracy by speaker, and by loudness or noise."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.figures import style
from core.figures.findings import scores as findings
from core.records.groups import GroupScores, RangeScores

POINTS_COLOUR = style.VERMILLION

LOOKS = ((style.VERMILLION, "circle", "solid"), (style.GREEN, "diamond", "dash"))
"""Colour, symbol and dash of the first and the second series of ranges."""


def accuracy_by_group(
    groups: Sequence[GroupScores], overall: float, *, chosen: str = "", what: str = "Speaker", title: str | None = None
) -> go.Figure:
    """Accuracy of every group with its 95 % interval, in the order given, the first on top.

    Args:
        groups: The groups to show.
        overall: Accuracy on all clips, 0 to 1, drawn as a line.
        chosen: Name of the group to mark.
        what: What a group is, for the axis and the hover texts.
        title: Title; None writes one.

    Returns:
        Figure with the markers "accuracy" (%), whose ``customdata`` is the name of the group.
    """
    percents = [100 * group.accuracy for group in groups]
    ends = style.percents([group.interval for group in groups])
    ticks = [f"{group.name} ({group.n:,})" for group in groups]
    figure = go.Figure(
        go.Scatter(
            x=percents,
            y=list(range(len(groups))),
            name="accuracy",
            mode="markers",
            customdata=[group.name for group in groups],
            text=[
                f"{what.lower()} {group.name}: {group.right:,} of {group.n:,} right ({value:.1f} %)<br>"
                f"95 % interval {low:.1f} to {high:.1f}"
                for group, value, low, high in zip(groups, percents, *ends, strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
            error_x=style.whiskers(percents, *ends, thickness=1.5, width=4),
            marker={
                "symbol": ["square" if group.name == chosen else "circle" for group in groups],
                "size": [13 if group.name == chosen else 10 for group in groups],
                "color": POINTS_COLOUR,
            },
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
    )
    figure.add_vline(x=100 * overall, line=style.GUIDE_LINE, name="overall")
    figure.update_xaxes(title_text="Accuracy (%)", range=[-2, 102], fixedrange=True)
    figure.update_yaxes(
        title_text=f"{what} (clips)",
        tickvals=list(range(len(groups))),
        ticktext=ticks,
        range=[max(len(groups), 1) - 0.5, -0.5],
        fixedrange=True,
    )
    figure.update_layout(hoverdistance=40, dragmode=False)
    note = f"Dotted: all clips, {100 * overall:.1f}{style.NBSP}%. Bars: 95{style.NBSP}% intervals."
    if not groups:
        style.panel_note(figure, "There is no group to show.")
    return style.finish(
        figure,
        title=title or f"Accuracy by {what.lower()}",
        finding=findings.groups(groups, overall, what),
        note=note,
        height=max(20 * len(groups), 60) + 10,
    )


def accuracy_by_range(
    series: Sequence[tuple[str, Sequence[RangeScores]]],
    overall: float,
    *,
    axis: str,
    unit: str,
    title: str | None = None,
) -> go.Figure:
    """Accuracy in each quarter of the clips over what they were sorted by, with 95 % intervals.

    Args:
        series: Name and quarters of up to two kinds of clips.
        overall: Accuracy on all clips, 0 to 1, drawn as a line.
        axis: Title of the axis of the quantity, with its unit.
        unit: The unit alone.
        title: Title; None writes one.

    Returns:
        Figure with a line for each kind of clips: a point a quarter at its median, with whiskers across from its
        lowest to its highest value, and up and down for the interval.
    """
    figure = go.Figure()
    for (name, ranges), (colour, symbol, dash) in zip(series, LOOKS, strict=False):
        starts, middles, stops = ([getattr(part, at) for part in ranges] for at in ("start", "middle", "end"))
        percents = [100 * part.accuracy for part in ranges]
        ends = style.percents([part.interval for part in ranges])
        figure.add_scatter(
            x=middles,
            y=percents,
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 1.6},
            marker={"symbol": symbol, "size": 10},
            text=[
                f"{name}, {part.start:.1f} to {part.end:.1f} {unit}:<br>{part.right:,} of {part.n:,} right "
                f"({value:.1f} %)<br>95 % interval {low:.1f} to {high:.1f}"
                for part, value, low, high in zip(ranges, percents, *ends, strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
            error_y=style.whiskers(percents, *ends, thickness=1.8, width=5),
            error_x=style.whiskers(middles, starts, stops, thickness=1, width=0),
        )
    figure.add_hline(y=100 * overall, line=style.GUIDE_LINE, name="overall")
    figure.update_xaxes(title_text=axis)
    figure.update_yaxes(title_text="Accuracy (%)", range=[-2, 102])
    note = f"Dotted: all clips, {100 * overall:.1f}{style.NBSP}%. Upright bars: 95{style.NBSP}% intervals."
    names = [name for name, ranges in series if ranges]
    if not names:
        style.panel_note(figure, findings.TOO_FEW)
    finding = findings.ranges(series, unit)
    title = title or "Accuracy by quarter"
    return style.finish(figure, title=title, finding=finding, note=note, height=330, legend=names)
