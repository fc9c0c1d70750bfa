"""What a grid of trainings found: accuracy and gain of each setting, with intervals over seeds."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.config import SETTING_TITLES, setting_name
from core.figures import style
from core.figures.findings import comparisons as findings
from core.studies.grid_table import BASES, CLAIMED_GAIN, PCEN_TITLES, Row

LOOKS = {
    "A": (style.INITIAL_COLOUR, "circle-open"),
    "B": (style.ORANGE, "diamond"),
    "C": (style.GREEN, "square"),
    "D": (style.LEARNED_COLOUR, "circle"),
}
"""Colour and symbol of each setting; the fixed spectrogram is grey, as initial filters are everywhere."""

APART = 0.16
"""Settings stand this far apart (steps of the axis), so that their intervals can be told."""

PANEL, GAP = 240, 90
"""Height of a panel, and the room between two for axis and heading (pixels)."""

Panel = tuple[str, list[str], dict[str, dict[int, Row]]]
# A heading, the texts along the axis, and by setting the row at each number of them.


def grid_accuracy(rows: Sequence[Row], *, title: str = "Accuracy of each setting") -> go.Figure:
    """Mean accuracy over seeds, with 95 % intervals.

    Args:
        rows: From ``grid_table.summarise``; may be empty.
        title: Title.

    Returns:
        Figure with a panel for each model (and basis, where the number of mel filters varies), and in it a trace for
        each setting.
    """
    return _figure(
        rows,
        title,
        findings.grid_accuracies(rows),
        "Accuracy (%)",
        _note(rows),
        lambda row: (row.accuracy, row.interval),
        settings=tuple(SETTING_TITLES),
    )


def grid_gains(rows: Sequence[Row], *, title: str = "What training the spectrogram gains") -> go.Figure:
    """Difference of each setting from the fixed spectrogram of setting A, seed by seed, with 95 % intervals.

    Args:
        rows: From ``grid_table.summarise``; may be empty.
        title: Title.

    Returns:
        Figure as in ``grid_accuracy``, with the line "no gain" at zero and the line "published" where it was claimed.
    """
    gained = [row for row in rows if row.gain is not None]
    figure = _figure(
        gained,
        title,
        findings.grid_gains(gained),
        "Gain over A (percentage points)",
        "Above zero, training the spectrogram helped. Whiskers: 95 % intervals of the mean over seeds.",
        lambda row: (row.gain or 0.0, row.gain_interval),
        settings=("B", "C", "D"),
        more=("no gain", "published, at most"),
    )
    for number, (_, texts, _) in enumerate(_panels(gained), 1):
        for name, height, dash in (("no gain", 0.0, "solid"), ("published, at most", CLAIMED_GAIN, "dot")):
            figure.add_scatter(
                x=[-0.5, len(texts) - 0.5],
                y=[100 * height] * 2,
                name=name,
                mode="lines",
                legendgroup=name,
                showlegend=number == 1,
                row=number,
                col=1,
                line={"color": style.FAINT_INK, "dash": dash, "width": 1.4},
                hovertemplate=f"{name}: {100 * height:+.1f} points<extra></extra>",
            )
    return figure


def _figure(
    rows: Sequence[Row],
    title: str,
    finding: str,
    axis: str,
    note: str,
    value: Callable[[Row], tuple[float, tuple[float, float] | None]],
    settings: Sequence[str],
    more: Sequence[str] = (),
) -> go.Figure:
    panels = _panels(rows)
    if not panels:
        figure = go.Figure()
        style.panel_note(figure, findings.NOTHING_MEASURED)
        return style.finish(figure, title=title, finding=finding, height=PANEL)
    n = len(panels)
    figure = make_subplots(rows=n, cols=1, vertical_spacing=GAP / (n * PANEL + (n - 1) * GAP))
    present = [setting for setting in settings if any(setting in by_setting for _, _, by_setting in panels)]
    for number, (heading, texts, by_setting) in enumerate(panels, 1):
        for place, setting in enumerate(present):
            if setting in by_setting:
                shift = APART * (place - (len(present) - 1) / 2)
                _add(
                    figure, number, setting, by_setting[setting], shift, value, first=number == _first(panels, setting)
                )
        ticks = {"tickvals": list(range(len(texts))), "ticktext": texts, "range": [-0.5, len(texts) - 0.5]}
        figure.update_xaxes(title_text="Mel filters" if texts[0].isdigit() else "Basis", **ticks, row=number, col=1)
        figure.update_yaxes(title_text=axis, row=number, col=1)
        style.panel_heading(figure, number, heading)
    legend = [*(SETTING_TITLES[setting] for setting in present), *more]
    height = n * PANEL + (n - 1) * GAP
    style.finish(figure, title=title, finding=finding, note=note, height=height, legend=legend, heading=True)
    # The legend stands above the first panel's heading.
    figure.update_layout(
        legend_y=1 + 24 / height, margin_t=figure.layout.margin.t + 14, height=figure.layout.height + 14
    )
    # One scale for all panels: what looks higher is higher.
    return figure.update_yaxes(matches="y")


def _add(
    figure: go.Figure,
    panel: int,
    setting: str,
    rows: dict[int, Row],
    shift: float,
    value: Callable[[Row], tuple[float, tuple[float, float] | None]],
    *,
    first: bool,
) -> None:
    colour, symbol = LOOKS[setting]
    found = [value(row) for row in rows.values()]
    heights = [100 * height for height, _ in found]
    # Where no interval is known, a whisker of no length stands for it.
    ends = style.percents([interval or (height, height) for height, interval in found])
    figure.add_scatter(
        x=[at + shift for at in rows],
        y=heights,
        error_y=style.whiskers(heights, *ends, thickness=1.4, width=4),
        name=SETTING_TITLES[setting],
        legendgroup=setting,
        legendrank=1 + list(SETTING_TITLES).index(setting),
        showlegend=first,
        mode="markers",
        marker=style.outlined(symbol, 10, colour),
        hovertext=[_hover(row) for row in rows.values()],
        hovertemplate="%{hovertext}<extra></extra>",
        row=panel,
        col=1,
    )


def _panels(rows: Sequence[Row]) -> list[Panel]:
    """By model, basis and PCEN along the numbers of mel filters; along the bases where that number is one."""
    along_mels = len({row.factors.n_mels for row in rows}) > 1
    groups: dict[str, list[Row]] = {}
    for row in rows:
        factors = row.factors
        parts = [factors.model, BASES[factors.basis][0] if along_mels else "", PCEN_TITLES[factors.pcen]]
        groups.setdefault(", ".join(filter(None, parts)), []).append(row)
    panels: list[Panel] = []
    for heading, members in groups.items():
        order = sorted({row.factors.n_mels for row in members}) if along_mels else []
        names = [str(n) for n in order] or [name for name in BASES if any(row.factors.basis == name for row in members)]
        by_setting: dict[str, dict[int, Row]] = {}
        for row in members:
            at = names.index(str(row.factors.n_mels) if along_mels else row.factors.basis)
            by_setting.setdefault(row.factors.setting, {})[at] = row
        texts = names if along_mels else ["<br>".join(textwrap.wrap(BASES[name][0], 14)) for name in names]
        panels.append((heading, texts, by_setting))
    return panels


def _first(panels: Sequence[Panel], setting: str) -> int:
    return next(number for number, (_, _, by_setting) in enumerate(panels, 1) if setting in by_setting)


def _note(rows: Sequence[Row]) -> str:
    seeds = sorted({row.seeds for row in rows})
    if not seeds:
        return ""
    if seeds[-1] == 1:
        return "One seed each. Whiskers: 95 % intervals of the share of clips."
    several = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{seeds[0]}"
    return f"Means of {several} seeds. Whiskers: 95 % intervals of the mean over seeds."


def _hover(row: Row) -> str:
    factors = row.factors
    low, high = row.interval
    text = (
        f"{factors.model}, {setting_name(factors.setting)}<br>"
        f"{factors.title}<br>"
        f"{100 * row.accuracy:.1f} % of {row.n:,} clips right, {row.seeds} seed{'s' if row.seeds > 1 else ''}, "
        f"{row.epochs} epochs<br>(95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
    )
    if row.gain is None:
        return text
    text += f"<br>{100 * row.gain:+.1f} points against the fixed one"
    if row.gain_interval:
        text += " (95 % interval {:+.1f} to {:+.1f})".format(*(100 * end for end in row.gain_interval))
    return text
