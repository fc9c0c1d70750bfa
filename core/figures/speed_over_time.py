"""A picture of many benchmarks: how the speed changed from report to report."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.config import BENCHMARK_TASKS, setting_name
from core.figures import style
from core.figures.findings import speed as findings
from core.figures.timing_words import DEVICE_WORDS, judged, main_reference, reference_name
from core.records.benchmark import BenchmarkReport, Spread, Timing


def speed_history(reports: Sequence[BenchmarkReport], task: str, *, title: str | None = None) -> go.Figure:
    """How many times as fast as the reference this project was in each report, for one task.

    Args:
        reports: Reports, in any order.
        task: A key of ``config.BENCHMARK_TASKS``.
        title: Title; None writes one.

    Returns:
        Figure with a line for each variant, setting and device; whiskers hold 8 of 10 repeats.
    """
    figure = go.Figure()
    reports = sorted(reports, key=lambda report: report.moment)
    found = [(report, timing) for report in reports for timing in report.timings if timing.task == task]
    reference = main_reference([timing for _, timing in found])
    named = reference_name(reference, [timing for _, timing in found])
    lines: dict[str, list[tuple[BenchmarkReport, Timing]]] = {}
    for report, timing in found:
        if timing.is_ours and reference in timing.ratios:
            lines.setdefault(_line_name(timing, [one for _, one in found]), []).append((report, timing))
    lines = dict(sorted(lines.items(), key=lambda one: (one[1][0][1].setting, one[0])))
    for number, (name, points) in enumerate(lines.items()):
        ratios = [timing.ratios[reference] for _, timing in points]
        medians, lows, highs = ([getattr(ratio, end) for ratio in ratios] for end in ("median", "low", "high"))
        colour, dash, symbol = style.LOOKS[number % len(style.LOOKS)]
        figure.add_scatter(
            x=[report.moment for report, _ in points],
            y=medians,
            error_y=style.whiskers(medians, lows, highs, thickness=1.2, width=3),
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": [symbol + "-open" * report.quick for report, _ in points], "size": 9},
            hovertext=[_history_hover(report, timing.ratios[reference], named) for report, timing in points],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    if not lines:
        figure.add_scatter(x=[], y=[], showlegend=False)
        style.panel_note(figure, findings.NOT_COMPARED)
    else:
        figure.add_hline(y=1, line={"color": style.INK, "width": 1.4})
    figure.update_xaxes(title_text="Date and time of the report (UTC)", type="date", nticks=5)
    figure.update_yaxes(title_text=f"Times as fast as {named or 'others'} (no unit)", rangemode="tozero")
    note = f"Black line at 1: as fast as {named}. Whisker: 8 of 10 repeats lie inside."
    if any(report.quick for points in lines.values() for report, _ in points):
        note += " Hollow marks: quick measurements."
    return style.finish(
        figure,
        finding=findings.history(list(lines.items()), reference, named),
        title=title or f"From report to report: {BENCHMARK_TASKS.get(task, task)}",
        note=note if lines else "",
        height=280,
        legend=list(lines),
    )


def _line_name(timing: Timing, timings: Sequence[Timing]) -> str:
    """What tells a line from the others: the setting, and variant and device where they differ."""
    ours = [one for one in timings if one.is_ours]
    words = [timing.variant] if len({one.variant for one in ours}) > 1 else []
    words += [setting_name(timing.setting)] if timing.setting else []
    words += [DEVICE_WORDS.get(timing.device, timing.device)] if len({one.device for one in ours}) > 1 else []
    return ", ".join(words) or "Earshot"


def _history_hover(report: BenchmarkReport, ratio: Spread, named: str) -> str:
    versions = [f"{name} {version}" for name, version in report.versions.items()]
    pairs = [", ".join(versions[at : at + 3]) for at in range(0, len(versions), 3)]
    lines = [
        f"{report.moment[:16].replace('T', ' ')} UTC, {'quick' if report.quick else 'full'}",
        judged(ratio, named),
        *(f"{name}: {value}" for name, value in report.machine.items() if name in ("processor", "gpu") and value),
        f"{report.threads} thread{'s' * (report.threads != 1)}",
        *pairs,
    ]
    return "<br>".join(lines)
