"""Pictures of a benchmark: how long each way to do a task takes, and where the time goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.config import BENCHMARK_TASKS, SETTING_TITLES
from core.figures import style
from core.figures.findings import speed as findings
from core.figures.timing_words import (
    DEVICE_WORDS,
    amount,
    clips_in_words,
    judged,
    main_reference,
    reach,
    reference_name,
    stands_for,
    time_unit,
    times,
)
from core.records.benchmark import Timing

LIMIT_NAME = "limit of this machine"
LIMIT_COLOUR = style.ORANGE
WITHOUT = "Without any training"
ROW_PX = 70
"""Height of a bar with its two lines of text."""

PARTS = {
    "loading": (style.ORANGE, "/"),
    "transfer": (style.PURPLE, "x"),
    "features": (style.SKY_BLUE, ""),
    "model": (style.GREEN, "."),
}
"""Colour and pattern of each part, in the order in which a clip meets them."""


def speed_bars(timings: Sequence[Timing], *, title: str | None = None) -> go.Figure:
    """How long each way to do one task takes, with the spread of the repeats.

    Args:
        timings: Timings of one task on one device, of one or several settings; may be empty.
        title: Title; None writes one.

    Returns:
        Figure with the bars "Earshot" and "others" (ms or s, median; whiskers from the 10th to the 90th percentile)
        and, where it is known, the ticks "limit of this machine".
    """
    figure, rows, scale = go.Figure(), _Rows(timings), _Scale(timings)
    for name, colour, mine in (("Earshot", style.LEARNED_COLOUR, True), ("others", style.MUTED, False)):
        placed = [(timing, height) for timing, height in rows.placed if timing.is_ours is mine]
        medians, lows, highs = (
            np.array([scale.of(timing, getattr(timing, end)) for timing, _ in placed])
            for end in ("median_s", "low_s", "high_s")
        )
        figure.add_bar(
            x=medians,
            y=[height for _, height in placed],
            orientation="h",
            name=name,
            # The text above each bar says whose it is; a legend would only say it again.
            showlegend=False,
            width=0.25,
            marker={"color": colour},
            error_x=style.whiskers(medians, lows, highs, color=style.INK, thickness=1.6, width=5),
            hovertext=[_bar_hover(timing, timings, rows.has_headings) for timing, _ in placed],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    limits = [
        (timing, height, timing.floor_s)
        for timing, height in rows.placed
        if timing.is_ours and timing.floor_s is not None
    ]
    if limits:
        figure.add_scatter(
            x=[scale.of(timing, floor_s) for timing, _, floor_s in limits],
            y=[height for _, height, _ in limits],
            name=LIMIT_NAME,
            mode="markers",
            showlegend=True,
            marker={"symbol": "line-ns", "size": 14, "line": {"width": 3, "color": LIMIT_COLOUR}},
            # The bar's own text tells the limit too, and a short bar would hide behind the tick.
            hoverinfo="skip",
        )
    reference = main_reference(timings)
    named = reference_name(reference, timings)
    rows.write(figure, [_bar_label(timing, reference, named, scale) for timing, _ in rows.placed])
    scale.label(figure, [max(scale.of(one, one.high_s), scale.of(one, one.floor_s or 0.0)) for one in timings])
    figure.update_layout(barmode="overlay")
    note = "Shorter is faster. Bar: median of the repeats. Whisker: 8 of 10 repeats lie inside."
    if reference:
        note += f" “5{style.NBSP}× {named}”: 5 times as fast."
    return style.finish(
        figure,
        title=title or _title(timings),
        finding=findings.bars(timings),
        note=note if timings else "",
        height=rows.height_px,
        legend=(LIMIT_NAME,) if limits else (),
    )


def speed_parts(timings: Sequence[Timing], *, title: str | None = None) -> go.Figure:
    """Where the time goes: loading, transfer, features and model, for each timing that was taken apart.

    Args:
        timings: Timings of one task on one device; those without parts are left out.
        title: Title; None writes one.

    Returns:
        Figure with the stacked bars "loading", "transfer", "features" and "model" (ms or s), as far as they apply.
    """
    timings = [timing for timing in timings if timing.parts]
    figure, rows, scale = go.Figure(), _Rows(timings), _Scale(timings)
    present = [part for part in PARTS if any(part in timing.parts for timing in timings)]
    for part in present:
        colour, pattern = PARTS[part]
        placed = [(timing, height) for timing, height in rows.placed if part in timing.parts]
        figure.add_bar(
            x=[scale.of(timing, timing.parts[part]) for timing, _ in placed],
            y=[height for _, height in placed],
            orientation="h",
            name=part,
            width=0.3,
            marker={
                "color": colour,
                "line": {"color": style.WHITE, "width": 1},
                "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": style.INK, "fgopacity": 0.5, "size": 6},
            },
            hovertext=[_part_hover(timing, part) for timing, _ in placed],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    rows.write(figure, [_parts_label(timing, scale) for timing, _ in rows.placed])
    scale.label(figure, [scale.of(timing, sum(timing.parts.values())) for timing in timings])
    # Plotly would list stacked bars from the last to the first.
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    return style.finish(
        figure,
        title=title or "Where the time goes",
        finding=findings.parts(timings),
        note="Each part was timed on its own, so together they need not equal the whole." if timings else "",
        height=rows.height_px,
        legend=present,
    )


class _Rows:
    """Places for horizontal bars, each with text above it, and a heading above those of one setting."""

    HEADING, ROW, BAR = 0.5, 1.0, 0.74
    """Heights of a heading and of a row, and how far below the top of its row a bar lies (rows)."""

    def __init__(self, timings: Sequence[Timing]) -> None:
        settings = sorted({timing.setting for timing in timings})
        self.has_headings = any(settings)
        self.placed: list[tuple[Timing, float]] = []
        self._headings: list[tuple[str, float]] = []
        top = 0.0
        for setting in settings:
            if self.has_headings:
                self._headings.append((SETTING_TITLES.get(setting, setting or WITHOUT), top))
                top += self.HEADING
            for timing in timings:
                if timing.setting == setting:
                    self.placed.append((timing, top + self.BAR))
                    top += self.ROW
        self._bottom = top or 2.0

    @property
    def height_px(self) -> int:
        """Height of the panel (pixels)."""
        return round(ROW_PX * self._bottom)

    def write(self, figure: go.Figure, labels: Sequence[str]) -> None:
        """Write headings and labels, and set the axis that they hang on."""
        # Written above the bars, from the left: a phone has no room beside them.
        left: dict[str, Any] = {"xref": "x domain", "x": 0, "xanchor": "left", "align": "left", "showarrow": False}
        for (_, height), label in zip(self.placed, labels, strict=True):
            figure.add_annotation(text=label, y=height, yanchor="bottom", yshift=10, **left)
        for text, top in self._headings:
            faint = {"size": 13, "color": style.FAINT_INK}
            figure.add_annotation(text=f"<b>{text}</b>", y=top, yanchor="top", yshift=-5, font=faint, **left)
            if top:
                figure.add_hline(y=top, line={"color": style.FAINT_INK, "width": 1})
        figure.update_yaxes(
            title_text="Method", showticklabels=False, ticks="", showgrid=False, range=[self._bottom, -0.04]
        )
        if not self.placed:
            figure.add_bar(x=[], y=[], showlegend=False)
            style.panel_note(figure, findings.NOTHING_TIMED)


class _Scale:
    """One unit and one number of clips for all times of a figure."""

    def __init__(self, timings: Sequence[Timing]) -> None:
        self.task = timings[0].task if timings else ""
        self.n_clips = max((timing.n_clips for timing in timings), default=1)
        self._factor, self.unit = time_unit([timing.median_s * self.n_clips / timing.n_clips for timing in timings])

    def of(self, timing: Timing, seconds: float) -> float:
        """A time of that timing in the figure's unit."""
        return self._factor * seconds * self.n_clips / timing.n_clips

    def label(self, figure: go.Figure, lengths: Sequence[float]) -> None:
        """Title of the axis of times, and room for the longest of them."""
        longest = max(lengths, default=0.0) or 1.0
        clips = clips_in_words(self.n_clips, self.task)
        figure.update_xaxes(title_text=f"Time for {clips} ({self.unit})", range=[0, 1.04 * longest])


def _title(timings: Sequence[Timing]) -> str:
    if not timings:
        return "Speed"
    task = BENCHMARK_TASKS.get(timings[0].task, timings[0].task)
    return f"{task[0].upper()}{task[1:]}, on the {DEVICE_WORDS.get(timings[0].device, timings[0].device)}"


def _bar_label(timing: Timing, reference: str, named: str, scale: _Scale) -> str:
    """Two lines above a bar: who, then how long and how that compares."""
    text = f"<b>{timing.variant}</b><br>{amount(scale.of(timing, timing.median_s))}{style.NBSP}{scale.unit}"
    ratio = timing.ratios.get(reference)
    if ratio is None or stands_for(timing) == reference:
        return text
    return f"{text}, {times(ratio.median)}{style.NBSP}× {named}{reach(ratio)}"


def _bar_hover(timing: Timing, timings: Sequence[Timing], with_setting: bool) -> str:
    scale, unit = time_unit([timing.median_s])
    lines = [f"<b>{timing.variant}</b>", SETTING_TITLES.get(timing.setting, WITHOUT) if with_setting else ""]
    lines.append(f"{amount(scale * timing.median_s)} {unit} for {clips_in_words(timing.n_clips, timing.task)}")
    n = len(timing.seconds)
    if n > 1:
        low, high = amount(scale * timing.low_s), amount(scale * timing.high_s)
        lines.append(f"8 of 10 repeats: {low} to {high} {unit} ({n} repeats)")
    else:
        lines.append("timed once")
    lines += [
        judged(ratio, reference_name(name, timings))
        for name, ratio in timing.ratios.items()
        if name != stands_for(timing)
    ]
    lines += [f"{part}: {amount(scale * timing.parts[part])} {unit}" for part in PARTS if part in timing.parts]
    if timing.is_ours and timing.floor_s is not None:
        lines.append(_limit_hover(timing, timing.floor_s))
    return "<br>".join(line for line in lines if line)


def _limit_hover(timing: Timing, floor_s: float) -> str:
    scale, unit = time_unit([floor_s, timing.median_s])
    text = f"{LIMIT_NAME} for this work: {amount(scale * floor_s)} {unit}"
    share = f"<br>{100 * floor_s / timing.median_s:.0f} % of that speed is reached" if timing.median_s else ""
    return text + share


def _parts_label(timing: Timing, scale: _Scale) -> str:
    amounts = [f"{part} {amount(scale.of(timing, timing.parts[part]))}" for part in PARTS if part in timing.parts]
    return f'<b>{timing.variant}</b><br><span style="font-size:12px">{" · ".join(amounts)} {scale.unit}</span>'


def _part_hover(timing: Timing, part: str) -> str:
    scale, unit = time_unit([timing.parts[part]])
    whole = sum(timing.parts.values())
    share = f"<br>{100 * timing.parts[part] / whole:.0f} % of all parts together" if whole else ""
    took = f"{amount(scale * timing.parts[part])} {unit} for {clips_in_words(timing.n_clips, timing.task)}"
    return f"{timing.variant}, {part}:<br>{took}{share}"
