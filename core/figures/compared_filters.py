"""Filters of several runs over each other: all mel filters, one filter close up, and how much each changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.comparison import look_of
from core.figures.describe import Part, rows
from core.figures.findings import filters as findings
from core.figures.frequency_axis import as_one_line
from core.frontend.mel_scale import bin_frequencies, decibels, gain_and_shape
from core.records.filters import Filters, FilterSnapshot

PADDING = 8
"""Steps a bin at which the response of a kernel is drawn."""

FLOOR_DB = -80.0


def compared_mel_filters(
    filters: Mapping[str, Filters], looks: Mapping[str, int] | None = None, *, title: str | None = None
) -> go.Figure:
    """The mel filters of several runs in one panel, over the initial ones.

    Args:
        filters: Filters of each run.
        looks: Number of each run's look; None counts them.
        title: Title; None writes one.

    Returns:
        Figure with the trace "initial" (one for each different start) and one for each run.
    """
    figure = go.Figure()
    lines: list[tuple[str, FilterSnapshot, Filters, dict[str, object]]] = [
        (name, one.initial, one, {**style.INITIAL_UNDER, "width": 2}) for name, one in _starts(filters).items()
    ]
    for at, (name, one) in enumerate(filters.items()):
        colour, dash, _ = look_of(name, at, looks)
        lines.append((name, one.learned, one, {"color": colour, "dash": dash, "width": 1.3}))
    for name, snapshot, one, line in lines:
        weights = snapshot.mel_basis
        hz = bin_frequencies(one.n_fft, one.sample_rate)
        along, heights = as_one_line(hz, weights, "hz")
        figure.add_scatter(
            x=along,
            y=heights,
            customdata=np.repeat(np.arange(len(weights), dtype=np.int16), len(hz) + 1),
            name=name,
            mode="lines",
            opacity=0.75,
            line=line,
            connectgaps=False,
            hovertemplate=f"{name}, filter %{{customdata}}<br>%{{x:,.0f}} Hz: weight %{{y:.4g}}<extra></extra>",
        )
    figure.update_xaxes(title_text=style.AXIS_HZ)
    figure.update_yaxes(title_text=style.AXIS_WEIGHT)
    note = "Grey and dashed: before training. Click a name in the legend to hide it."
    return style.finish(
        figure,
        title=title or "Mel filters over each other",
        finding=findings.several(filters, "mel"),
        note=note,
        height=380,
        legend=[name for name, *_ in lines],
    )


def compared_filter(
    filters: Mapping[str, Filters],
    part: Part,
    number: int,
    looks: Mapping[str, int] | None = None,
    *,
    same_gain: bool = False,
    title: str | None = None,
) -> go.Figure:
    """One filter of several runs close up: the weights of a mel filter, or what an STFT bin answers to tones.

    Args:
        filters: Filters of each run.
        part: "mel" or "stft".
        number: Number of the filter or the bin, from 0; runs that have no such one are left out.
        looks: Number of each run's look; None counts them.
        same_gain: Whether each learned one is divided by its gain, so that only shapes differ.
        title: Title; None writes one.

    Returns:
        Figure with the trace "initial" (one for each different start) and one for each run.
    """
    figure = go.Figure()
    starts = {name: one for name, one in _starts(filters).items() if number < _n_filters(one, part)}
    lines = [(name, *_curve(one, part, number, one.initial), {**style.INITIAL_UNDER}) for name, one in starts.items()]
    for at, (name, one) in enumerate(filters.items()):
        colour, dash, _ = look_of(name, at, looks)
        if number < _n_filters(one, part):
            hz, curve = _curve(one, part, number, one.learned)
            if same_gain:
                curve = curve / _usable(gain_and_shape(*rows(one, part))[0][number])
            lines.append((name, hz, curve, {"color": colour, "dash": dash, "width": 2}))
    reference = max((float(np.nanmax(curve)) for name, _, curve, _ in lines if name in starts), default=1.0)
    for name, hz, curve, line in lines:
        up = curve if part == "mel" else decibels(curve, reference=reference, floor_db=FLOOR_DB)
        unit = "weight %{y:.4g}" if part == "mel" else "%{y:.1f} dB"
        figure.add_scatter(
            x=hz,
            y=up.astype(np.float32),
            name=name,
            mode="lines",
            line=line,
            hovertemplate=f"{name}<br>%{{x:,.0f}} Hz: {unit}<extra></extra>",
        )
    figure.update_xaxes(title_text=style.AXIS_HZ, range=_in_sight(lines, part))
    if part == "mel":
        figure.update_yaxes(title_text=style.AXIS_WEIGHT, rangemode="tozero")
    else:
        figure.update_yaxes(title_text="Response (dB)", range=[FLOOR_DB, None])
    note = "Drawn with the gain taken out: only shapes differ." if same_gain else "Gain and shape together."
    title = title or (f"Mel filter {number}" if part == "mel" else f"STFT bin {number}: answer to tones")
    finding = findings.one_of_several(filters, part, number)
    legend = [name for name, *_ in lines]
    return style.finish(figure, title=title, finding=finding, note=note, height=320, legend=legend)


def compared_change(
    filters: Mapping[str, Filters], part: Part, looks: Mapping[str, int] | None = None, *, title: str | None = None
) -> go.Figure:
    """How every filter of several runs changed in training: its gain above, its shape below.

    Args:
        filters: Filters of each run.
        part: "mel" or "stft".
        looks: Number of each run's look; None counts them.
        title: Title; None writes one.

    Returns:
        Figure with two traces for each run, named after it: gain (no unit, on a logarithmic axis) and change of shape
        (%).
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    for at, (name, one) in enumerate(filters.items()):
        colour, dash, _ = look_of(name, at, looks)
        gain, shape = gain_and_shape(*rows(one, part))
        # A filter that went silent has a gain that no logarithmic axis can show.
        gain = np.where(gain > 0, gain, np.nan)
        for row, up, text in ((1, gain, "gain × %{y:.3g}"), (2, 100 * shape, "shape changed by %{y:.3g} %")):
            figure.add_scatter(
                x=np.arange(len(up)),
                y=up.astype(np.float32),
                name=name,
                legendgroup=name,
                showlegend=row == 1,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                hovertemplate=f"{name}, number %{{x}}: {text}<extra></extra>",
                row=row,
                col=1,
            )
    figure.add_hline(y=1, line=style.INITIAL_LINE, row=1, col=1)
    figure.add_hline(y=0, line=style.INITIAL_LINE, row=2, col=1)
    figure.update_yaxes(title_text="Gain (×)", type="log", **_gain_ticks(figure), row=1, col=1)
    figure.update_yaxes(title_text="Shape change (%)", rangemode="tozero", row=2, col=1)
    figure.update_xaxes(title_text="Mel filter (number)" if part == "mel" else "STFT bin (number)", row=2, col=1)
    figure.update_layout(legend_tracegroupgap=0)
    title = title or ("Change of the mel filters" if part == "mel" else "Change of the STFT kernels")
    note = "Gain: how much louder. Shape: what no scaling explains. Grey and dashed: no change."
    finding = findings.several(filters, part)
    return style.finish(figure, title=title, finding=finding, note=note, height=420, legend=list(filters))


def _gain_ticks(figure: go.Figure) -> dict[str, object]:
    """Ticks that a logarithmic axis of gains can be read by, whether it spans a tenth or a thousandfold."""
    gains = np.concatenate([np.asarray(trace.y) for trace in figure.data[::2]] or [np.ones(1)])
    low, high = (float(np.nanmin(gains, initial=1.0)), float(np.nanmax(gains, initial=1.0)))
    if high < 4 * low:
        return {"tickvals": [0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 2, 2.5, 3, 4]}
    return {"tickvals": [factor * 10.0**power for power in range(-6, 6) for factor in (1, 2, 5)]}


def _starts(filters: Mapping[str, Filters]) -> dict[str, Filters]:
    """The different initial filters, each named; "initial" alone where all runs began alike."""
    different: list[tuple[str, Filters]] = []
    for name, one in filters.items():
        if not any(_same_start(one, other) for _, other in different):
            different.append((name, one))
    if len(different) == 1:
        return {"initial": different[0][1]}
    return {f"initial of {name}": one for name, one in different}


def _same_start(one: Filters, other: Filters) -> bool:
    a, b = one.initial, other.initial
    pairs = ((a.mel_basis, b.mel_basis), (a.stft_cos, b.stft_cos), (a.stft_sin, b.stft_sin))
    return all(left.shape == right.shape and np.allclose(left, right, atol=1e-6) for left, right in pairs)


def _n_filters(filters: Filters, part: Part) -> int:
    return len(filters.initial.mel_basis if part == "mel" else filters.initial.stft_cos)


def _curve(
    filters: Filters, part: Part, number: int, snapshot: FilterSnapshot
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies (Hz), and the weights of a mel filter or the magnitude that a pair of kernels answers with."""
    if part == "mel":
        return bin_frequencies(filters.n_fft, filters.sample_rate), snapshot.mel_basis[number].astype(np.float64)
    pair = snapshot.stft_cos[number] + 1j * snapshot.stft_sin[number].astype(np.float64)
    n = PADDING * filters.n_fft
    return bin_frequencies(n, filters.sample_rate), np.abs(np.fft.fft(pair, n=n)[: n // 2 + 1])


def _usable(gain: float) -> float:
    return float(gain) if np.isfinite(gain) and gain > 0 else 1.0


def _in_sight(
    lines: Sequence[tuple[str, NDArray[np.float64], NDArray[np.float64], dict[str, object]]], part: Part
) -> list[float] | None:
    """The part of the axis where a curve has more than a fiftieth of its peak, with room beside it."""
    if not lines:
        return None
    low, high, top = np.inf, -np.inf, float(lines[0][1][-1])
    for _, hz, curve, _ in lines:
        heard = np.nan_to_num(np.abs(curve))
        above = hz[heard > heard.max(initial=0.0) / (50 if part == "mel" else 3)]
        if above.size:
            low, high = min(low, float(above[0])), max(high, float(above[-1]))
    if not np.isfinite(low):
        return [0.0, top]
    room = max(0.25 * (high - low), 100.0) if part == "mel" else 600.0
    return [max(0.0, low - room), min(top, high + room)]
