"""What a model is worth beside what it costs: accuracy over weights, multiplications, bytes or time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import plotly.graph_objects as go

from core.config import TWELVE, Vocabulary, protocol_title
from core.figures import style
from core.figures.comparison import LOOKS
from core.figures.findings import comparisons as findings
from core.records.cost import PUBLISHED, PublishedFamily, RunCost

Measure = Literal["weights", "macs", "bytes", "latency"]

MEASURES: dict[Measure, tuple[str, Callable[[RunCost], float | None]]] = {
    "weights": ("Trained weights (number)", lambda one: one.cost.trained),
    "macs": ("Multiply-accumulates a clip (number)", lambda one: one.cost.macs),
    "bytes": ("Size in float32 (bytes)", lambda one: one.cost.float32_bytes),
    "latency": ("Time for one clip, median (ms)", lambda one: 1000 * one.latency.p50_s if one.latency else None),
}
"""Axis title of each measure of cost, and its value for a run; None where it was not measured."""

COST_WORDS: dict[Measure, str] = {
    "weights": "trained weights",
    "macs": "multiply-accumulates a clip",
    "bytes": "bytes",
    "latency": "ms a clip",
}
"""The same inside a sentence, behind its number."""


def accuracy_against_cost(
    runs: Sequence[RunCost],
    measure: Measure,
    protocol: str,
    *,
    looks: Mapping[str, int] | None = None,
    vocabulary: Vocabulary = TWELVE,
    published: bool = True,
    title: str | None = None,
) -> go.Figure:
    """Accuracy with its 95 % interval against what a model costs, on a logarithmic axis.

    Args:
        runs: All that were measured on the protocol; those without the measure are left out.
        measure: One of ``MEASURES``.
        protocol: One of ``config.PROTOCOLS``.
        looks: Runs to bring out, with the numbers of their looks; the others are grey.
        vocabulary: What the runs tell apart.
        published: Whether to draw what others published for the protocol, hollow, where its cost is known (weights).
        title: Title; None writes one.

    Returns:
        Figure with a trace for each run to bring out, "other runs", and the published points.
    """
    heading, value = MEASURES[measure]
    figure = go.Figure()
    looks = looks or {}
    shown = [(one, cost) for one in runs if (cost := value(one))]
    family = PUBLISHED.get((protocol, vocabulary))
    if measure == "weights" and published and family:
        _add_published(figure, family)
    others = [(one, cost) for one, cost in shown if one.run not in looks]
    places = _label_places(shown) if shown else {}
    if others:
        _add_runs(figure, "other runs", others, style.INITIAL_COLOUR, "circle", 9, places)
    for one, cost in shown:
        if one.run in looks:
            colour, _, symbol = LOOKS[looks[one.run] % len(LOOKS)]
            _add_runs(figure, one.run, [(one, cost)], colour, symbol, 13, places)
    drawn = [float(x) for trace in figure.data for x in trace.x]
    figure.update_xaxes(title_text=heading, type="log", **(_ticks(drawn) if drawn else {}))
    figure.update_yaxes(title_text="Accuracy (%)")
    legend = [trace.name for trace in figure.data]
    note = "Further up and further left is better. Bars: 95 % intervals."
    if not shown and not legend:
        style.panel_note(figure, "Nothing is measured yet.")
    title = title or f"Accuracy on the {protocol_title(protocol, vocabulary)}, and what it costs"
    finding = findings.costs(shown, COST_WORDS[measure])
    return style.finish(figure, title=title, finding=finding, note=note, height=400, legend=legend)


def _label_places(shown: Sequence[tuple[RunCost, float]]) -> dict[str, str]:
    """Where the name of each point stands: towards the middle, and not written over a neighbour's."""
    at = {one.run: (math.log10(cost), 100 * one.accuracy) for one, cost in shown}
    across = [x for x, _ in at.values()]
    middle, width = (min(across) + max(across)) / 2, max(across) - min(across) + 0.1
    places: dict[str, str] = {}
    for name, (x, y) in sorted(at.items(), key=lambda item: -item[1][1]):
        near = sum(abs(x - at[other][0]) < 0.35 * width and 0 <= at[other][1] - y < 7 for other in places)
        inwards, outwards = ("left", "right") if x > middle else ("right", "left")
        places[name] = (f"top {inwards}", f"bottom {inwards}", f"bottom {outwards}")[min(near, 2)]
    return places


def _ticks(values: Sequence[float]) -> dict[str, object]:
    """Ticks of a logarithmic axis in words that a stranger reads: 20 k, 1 M."""
    low, high = math.log10(min(values)), math.log10(max(values))
    width = high - low
    steps = (1, 1.5, 2, 3, 4, 5, 7) if width < 0.7 else (1, 2, 5) if width < 1.3 else (1, 3) if width < 2.2 else (1,)
    ticks = [step * 10.0**power for power in range(-4, 12) for step in steps]
    room = 0.09 * width + 0.05
    return {"tickvals": ticks, "ticktext": [_short(tick) for tick in ticks], "range": [low - room, high + room]}


def _short(value: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g}{style.NBSP}{unit}"
    return f"{value:g}"


def _add_published(figure: go.Figure, family: PublishedFamily) -> None:
    figure.add_scatter(
        x=[one.trained for one in family.models],
        y=[100 * one.accuracy for one in family.models],
        name=f"{family.name}, published, full data, {family.seeds}",
        mode="lines+markers+text",
        line={"color": style.INITIAL_COLOUR, "width": 1, "dash": "dot"},
        marker={"symbol": "diamond-open", "size": 10, "color": style.FAINT_INK, "line": {"width": 1.6}},
        text=[one.name for one in family.models],
        textposition="top center",
        textfont={"size": 10.5, "color": style.FAINT_INK},
        hovertemplate=(
            f"{family.name} %{{text}}: %{{y:.1f}} % with %{{x:,}} weights<br>published ({family.source}): trained on "
            f"the full data, mean of {family.seeds}<extra></extra>"
        ),
    )


def _add_runs(
    figure: go.Figure,
    name: str,
    runs: Sequence[tuple[RunCost, float]],
    colour: str,
    symbol: str,
    size: int,
    places: Mapping[str, str],
) -> None:
    percents = [100 * one.accuracy for one, _ in runs]
    ends = style.percents([one.interval for one, _ in runs])
    figure.add_scatter(
        x=[cost for _, cost in runs],
        y=percents,
        name=name,
        mode="markers+text",
        marker={"symbol": symbol, "size": size, "color": colour},
        error_y=style.whiskers(percents, *ends, color=colour, thickness=1.8, width=4),
        customdata=[one.run for one, _ in runs],
        text=[one.model for one, _ in runs],
        textposition=[places[one.run] for one, _ in runs],
        textfont={"size": 10.5, "color": style.FAINT_INK},
        hovertext=[_hover(one) for one, _ in runs],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(one: RunCost) -> str:
    """A run in words."""
    low, high = one.interval
    lines = [
        f"{one.run} ({one.model})",
        f"{100 * one.accuracy:.1f} % of {one.n:,} clips right (95 % interval {100 * low:.1f} to {100 * high:.1f})",
        f"{one.cost.trained:,} trained weights, {one.cost.front_end.trained:,} of them in the spectrogram",
        f"{one.cost.macs / 1e6:,.2f} million multiply-accumulates a clip",
    ]
    if one.latency:
        lines.append(f"{1000 * one.latency.p50_s:.2f} ms for one clip on {one.latency.machine}")
    return "<br>".join(lines)
