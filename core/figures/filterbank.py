"""Pictures of the mel filters before and after training."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.describe import change_note, row_note, untrained
from core.mel import bin_frequencies, filter_bands, gain_and_shape
from core.results import Filters

COMPARABLE = 4.0
"""Initial and learned weights share one scale up to this ratio of their largest values."""


def mel_filters(filters: Filters, *, chosen: int | None = None, title: str | None = None) -> go.Figure:
    """All mel filters, the initial ones above the learned ones, on one frequency axis.

    Args:
        filters: Filters before and after training.
        chosen: Number of a filter to bring out (from 0); None treats all alike.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned", and with ``chosen`` one more of each.
    """
    n_mels = filters.initial.mel_basis.shape[0]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.14)
    add_filters(figure, filters, 1, chosen)
    note = change_note(filters, "mel")
    if chosen is not None:
        note = f"Bold: filter {chosen}. {row_note(*_rows(filters, chosen))}"
    return style.finish(
        figure, title=title or f"{n_mels} mel filters, initial and learned", note=note, height=470, heading=True
    )


def overlaid_mel_filters(filters: Filters, *, chosen: int | None = None, title: str | None = None) -> go.Figure:
    """All mel filters in one panel, the learned ones over the initial ones.

    Where training multiplied the weights so far that the initial ones would lie on the axis, those are drawn enlarged
    and say by how much.

    Args:
        filters: Filters before and after training.
        chosen: Number of a filter to bring out (from 0); None treats all alike.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned", and with ``chosen`` one more of each.
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    initial, learned = filters.initial.mel_basis, filters.learned.mel_basis
    ratio = _largest(learned) / _largest(initial)
    scale = 1.0 if 1 / COMPARABLE <= ratio <= COMPARABLE else ratio
    name = "initial" if scale == 1.0 else f"initial, drawn × {scale:.2g}"
    faint = 1.0 if chosen is None else 0.55
    figure = go.Figure()
    for label, weights, line in (
        (name, initial * np.float32(scale), style.INITIAL_LINE),
        ("learned", learned, style.LEARNED_LINE),
    ):
        figure.add_trace(_many_lines(label, weights, hz, line, faint))
        if chosen is not None:
            bold = _one_line(label, weights[chosen], hz, {**line, "width": 3}, chosen)
            figure.add_trace(bold.update(showlegend=False))
    figure.update_xaxes(title_text=style.AXIS_HZ)
    figure.update_yaxes(title_text=style.AXIS_WEIGHT)
    note = change_note(filters, "mel")
    if chosen is not None:
        note = f"Bold: filter {chosen}. {row_note(*_rows(filters, chosen))}"
    title = title or f"{len(initial)} mel filters, learned over initial"
    return style.finish(figure, title=title, note=note, height=430, legend=(name, "learned"))


def add_filters(figure: go.Figure, filters: Filters, row: int, chosen: int | None = None) -> None:
    """Draw initial and learned filters into two panels of ``figure``, from ``row`` on."""
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    sides = (
        ("initial", filters.initial.mel_basis, style.INITIAL_LINE, "Initial: triangles spaced by pitch"),
        ("learned", filters.learned.mel_basis, style.LEARNED_LINE, "Learned: after training"),
    )
    tops = [_largest(weights) for _, weights, _, _ in sides]
    shared = max(tops) <= COMPARABLE * min(tops)
    for at, (name, weights, line, heading) in enumerate(sides, start=row):
        faint = 1.0 if chosen is None else 0.3
        figure.add_trace(_many_lines(name, weights, hz, line, faint), row=at, col=1)
        if chosen is not None:
            figure.add_trace(_one_line(name, weights[chosen], hz, {**line, "width": 3}, chosen), row=at, col=1)
        top = max(tops) if shared else tops[at - row]
        low = min(0.0, -_largest(-weights))
        figure.update_yaxes(title_text=style.AXIS_WEIGHT, range=[1.05 * low, 1.08 * top], nticks=5, row=at, col=1)
        if name == "learned" and untrained(filters, "mel"):
            heading = "Learned: equal to initial"
        elif name == "learned" and not shared:
            heading = f"Learned: after training (scale × {tops[1] / tops[0]:.2g})"
        style.panel_heading(figure, at, heading)
    figure.update_xaxes(title_text=style.AXIS_HZ, row=row + 1, col=1)


def one_mel_filter(filters: Filters, index: int, *, same_gain: bool = False, title: str | None = None) -> go.Figure:
    """One mel filter close up, initial and learned, with the band it hears.

    Args:
        filters: Filters before and after training.
        index: Number of the filter, from 0.
        same_gain: Whether the learned filter is divided by its gain, so that only its shape differs.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned".
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    initial, learned = _rows(filters, index)
    figure = go.Figure()
    sides = (("initial", initial, style.INITIAL_UNDER), ("learned", learned, style.LEARNED_LINE))
    for name, row, line in sides:
        low, _, high = (float(each[0]) for each in filter_bands(row[None], filters.sample_rate))
        where = (
            f"half of its weight lies<br>from {low:,.0f} to {high:,.0f} Hz" if np.isfinite(low) else "it hears nothing"
        )
        shown = _divided(initial, row) if same_gain and name == "learned" else row
        figure.add_scatter(
            x=hz,
            y=shown,
            name=name,
            mode="lines",
            line=line,
            hovertemplate=f"{name}: %{{y:.4g}} at %{{x:,.0f}} Hz<br>{where}<extra></extra>",
        )
    figure.update_xaxes(title_text=style.AXIS_HZ, range=_audible_hz(hz, initial, learned))
    figure.update_yaxes(title_text=style.AXIS_WEIGHT, rangemode="tozero")
    note = row_note(initial, learned) + (" Drawn with the gain taken out." if same_gain else "")
    names = ("initial", "learned")
    return style.finish(figure, title=title or f"Mel filter {index}", note=note, height=300, legend=names)


def mel_heatmaps(filters: Filters, *, same_gain: bool = False, title: str | None = None) -> go.Figure:
    """The mel filterbank as three maps: initial, learned, and the change between them.

    Args:
        filters: Filters before and after training.
        same_gain: Whether each learned filter is divided by its gain, so that only shapes differ.
        title: Title; None writes one.

    Returns:
        Figure with the heatmaps "initial", "learned" and "change"; rows are filters (from 0), columns frequencies.
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    initial = np.asarray(filters.initial.mel_basis, dtype=np.float64)
    learned = (
        _divided(initial, filters.learned.mel_basis) if same_gain else np.asarray(filters.learned.mel_basis, float)
    )
    change = learned - initial
    tops = [_largest(initial), _largest(learned)]
    if max(tops) <= COMPARABLE * min(tops):
        tops = [max(tops)] * 2
    lows = [min(0.0, -_largest(-initial)), min(0.0, -_largest(-learned))]
    reach = _largest(np.abs(change))
    panels = (
        ("initial", initial, style.AMOUNT_SCALE, lows[0], tops[0], "Initial weight (no unit)"),
        ("learned", learned, style.AMOUNT_SCALE, lows[1], tops[1], "Learned weight (no unit)"),
        ("change", change, style.CHANGE_SCALE, -reach, reach, "Change: learned − initial weight"),
    )
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.09)
    for at, (name, values, scale, low, high, heading) in enumerate(panels, start=1):
        figure.add_heatmap(
            x=hz,
            y=np.arange(len(values)),
            z=values.astype(np.float32),
            name=name,
            colorscale=scale,
            zmin=low,
            zmax=high,
            colorbar=style.colour_bar("", centre=1 - (at - 0.5) * 0.273 - (at - 1) * 0.09, length=0.3),
            hovertemplate=f"{name}, filter %{{y}}<br>%{{x:,.0f}} Hz: %{{z:.4g}}<extra></extra>",
            row=at,
            col=1,
        )
        figure.update_yaxes(title_text="Mel filter (number)", row=at, col=1)
        style.panel_heading(figure, at, heading)
    figure.update_xaxes(title_text=style.AXIS_HZ, row=3, col=1)
    note = change_note(filters, "mel") + (" Drawn with the gain taken out." if same_gain else "")
    return style.finish(figure, title=title or "Mel filterbank as a map", note=note, height=660, heading=True)


def _audible_hz(hz: NDArray[np.float64], *rows: NDArray[np.float32]) -> list[float]:
    """The part of the axis where a row has more than a fiftieth of its peak, with room beside it."""
    heard = np.zeros(len(hz), dtype=bool)
    for row in rows:
        heard |= np.abs(np.nan_to_num(row)) > _largest(np.abs(row)) / 50
    if not heard.any():
        return [float(hz[0]), float(hz[-1])]
    low, high = float(hz[heard][0]), float(hz[heard][-1])
    room = max(0.25 * (high - low), 100.0)
    return [max(float(hz[0]), low - room), min(float(hz[-1]), high + room)]


def _rows(filters: Filters, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return filters.initial.mel_basis[index], filters.learned.mel_basis[index]


def _largest(values: NDArray[np.floating]) -> float:
    """Largest finite value, or a small number above zero if none is."""
    return max(float(np.max(values, initial=0.0, where=np.isfinite(values))), 1e-12)


def _divided(initial: NDArray[np.floating], learned: NDArray[np.floating]) -> NDArray[np.float64]:
    """Learned weights divided by their gain; rows without a gain stay as they are."""
    gain = gain_and_shape(initial, learned)[0]
    usable = np.where(np.isfinite(gain) & (gain > 0), gain, 1.0)
    return np.asarray(learned / usable[..., None], dtype=np.float64)


def _many_lines(
    name: str, weights: NDArray[np.float32], hz: NDArray[np.float64], line: dict[str, object], opacity: float
) -> go.Scatter:
    """All rows as one trace, cut apart by gaps: eighty separate traces would make the page slow."""
    gap = np.full((len(weights), 1), np.nan, dtype=np.float32)
    return go.Scatter(
        x=np.tile(np.append(hz, np.nan), len(weights)).astype(np.float32),
        y=np.hstack([weights, gap]).ravel(),
        customdata=np.repeat(np.arange(len(weights), dtype=np.int16), len(hz) + 1),
        name=name,
        mode="lines",
        opacity=opacity,
        line={**line, "width": 1, "dash": "4px,2px" if line["dash"] == "dash" else line["dash"]},
        connectgaps=False,
        hovertemplate=f"{name}, filter %{{customdata}}<br>%{{x:,.0f}} Hz: weight %{{y:.4g}}<extra></extra>",
    )


def _one_line(
    name: str, row: NDArray[np.float32], hz: NDArray[np.float64], line: dict[str, object], index: int
) -> go.Scatter:
    return go.Scatter(
        x=hz,
        y=row,
        name=f"{name}, filter {index}",
        mode="lines",
        line=line,
        hovertemplate=f"{name}, filter {index}<br>%{{x:,.0f}} Hz: weight %{{y:.4g}}<extra></extra>",
    )
