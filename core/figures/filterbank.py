"""Pictures of the mel filters before and after training."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.describe import change_note, untrained
from core.figures.findings import filters as findings
from core.figures.frequency_axis import Axis, as_one_line, frequency_axis, positions
from core.frontend.filter_facts import View, bank_facts, erb_hz, is_ordered, seen_as
from core.frontend.mel_scale import bin_frequencies, filter_bands
from core.records.filters import Filters

COMPARABLE = 4.0
"""Initial and learned weights share one scale up to this ratio of their largest values."""

DRAWN: dict[View, str] = {
    "learned": "",
    "shapes": " Drawn with the gain taken out.",
    "gains": " Drawn with the gain alone, the shape left as it was.",
}
"""What a note adds about the view."""


def mel_filters(
    filters: Filters, *, chosen: int | None = None, view: View = "learned", axis: Axis = "hz", title: str | None = None
) -> go.Figure:
    """All mel filters, the initial ones above the learned ones, on one frequency axis.

    Args:
        filters: Filters before and after training.
        chosen: Number of a filter to bring out (from 0); None treats all alike.
        view: Whether the learned filters are drawn as learned, or only their shapes or their gains.
        axis: Frequencies in Hz, or spaced by pitch.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned", the clickable "peaks" of both (``customdata``: number of the
        filter and Hz), and with ``chosen`` one more line of each.
    """
    n_mels = filters.initial.mel_basis.shape[0]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.14)
    add_filters(figure, seen_as(filters, view), 1, chosen, axis)
    for row, (name, weights, line) in enumerate(_sides(seen_as(filters, view)), start=1):
        figure.add_trace(_peak_dots(name, weights, filters, axis, str(line["color"])), row=row, col=1)
    _leave_the_mouse_to_the_dots(figure)
    note = _bank_note(filters, chosen, view)
    title = title or f"{n_mels} mel filters, initial and learned"
    finding = findings.bank(filters, "mel", chosen)
    return style.finish(figure, title=title, finding=finding, note=note, height=470, heading=True)


def overlaid_mel_filters(
    filters: Filters, *, chosen: int | None = None, view: View = "learned", axis: Axis = "hz", title: str | None = None
) -> go.Figure:
    """All mel filters in one panel, the learned ones over the initial ones.

    Where training multiplied the weights so far that the initial ones would lie on the axis, those are drawn enlarged
    and say by how much.

    Args:
        filters: Filters before and after training.
        chosen: Number of a filter to bring out (from 0); None treats all alike.
        view: Whether the learned filters are drawn as learned, or only their shapes or their gains.
        axis: Frequencies in Hz, or spaced by pitch.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned", the clickable "learned peaks" (``customdata``: number of the
        filter and Hz), and with ``chosen`` one more line of each.
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    (_, initial, _), (_, learned, _) = _sides(seen_as(filters, view))
    ratio = _largest(learned) / _largest(initial)
    scale = 1.0 if 1 / COMPARABLE <= ratio <= COMPARABLE else ratio
    name = "initial" if scale == 1.0 else f"initial, drawn × {scale:.2g}"
    faint = 1.0 if chosen is None else 0.55
    figure = go.Figure()
    for label, weights, line in (
        (name, initial * np.float32(scale), style.INITIAL_LINE),
        ("learned", learned, style.LEARNED_LINE),
    ):
        figure.add_trace(_many_lines(label, weights, hz, line, faint, axis))
        if chosen is not None:
            bold = _one_line(label, weights[chosen], hz, {**line, "width": 3}, chosen, axis)
            figure.add_trace(bold.update(showlegend=False))
    figure.add_trace(_peak_dots("learned", learned, filters, axis, style.LEARNED_COLOUR))
    _leave_the_mouse_to_the_dots(figure)
    frequency_axis(figure, axis, hz[-1])
    figure.update_xaxes(range=positions(hz[[0, -1]], axis).tolist())
    figure.update_yaxes(title_text=style.AXIS_WEIGHT)
    title = title or f"{len(initial)} mel filters, learned over initial"
    note = _bank_note(filters, chosen, view)
    finding = findings.bank(filters, "mel", chosen)
    return style.finish(figure, title=title, finding=finding, note=note, height=430, legend=(name, "learned"))


def add_filters(figure: go.Figure, filters: Filters, row: int, chosen: int | None = None, axis: Axis = "hz") -> None:
    """Draw initial and learned filters into two panels of ``figure``, from ``row`` on."""
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    sides = _sides(filters)
    tops = [_largest(weights) for _, weights, _ in sides]
    shared = max(tops) <= COMPARABLE * min(tops)
    for at, (name, weights, line) in enumerate(sides, start=row):
        faint = 1.0 if chosen is None else 0.3
        figure.add_trace(_many_lines(name, weights, hz, line, faint, axis), row=at, col=1)
        if chosen is not None:
            bold = _one_line(name, weights[chosen], hz, {**line, "width": 3}, chosen, axis)
            figure.add_trace(bold, row=at, col=1)
        top = max(tops) if shared else tops[at - row]
        low = min(0.0, -_largest(-weights))
        figure.update_yaxes(title_text=style.AXIS_WEIGHT, range=[1.05 * low, 1.08 * top], nticks=5, row=at, col=1)
        frequency_axis(figure, axis, hz[-1], row=at, title=name == "learned")
        figure.update_xaxes(range=positions(hz[[0, -1]], axis).tolist(), row=at, col=1)
        heading = "Learned: after training"
        if name == "initial":
            humps = is_ordered(weights, filters.sample_rate)
            heading = "Initial: triangles spaced by pitch" if humps else "Initial: in no order of pitch"
        if name == "learned" and untrained(filters, "mel"):
            heading = "Learned: equal to initial"
        elif name == "learned" and not shared:
            heading = f"Learned: after training (scale × {tops[1] / tops[0]:.2g})"
        style.panel_heading(figure, at, heading)


def one_mel_filter(
    filters: Filters, index: int, *, view: View = "learned", axis: Axis = "hz", title: str | None = None
) -> go.Figure:
    """One mel filter close up, initial and learned, beside how wide the ear's own filter is there.

    Args:
        filters: Filters before and after training.
        index: Number of the filter, from 0.
        view: Whether the learned filter is drawn as learned, or only its shape or its gain.
        axis: Frequencies in Hz, or spaced by pitch.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial", "learned" and "ear's bandwidth".
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    shown = seen_as(filters, view)
    initial, learned = _rows(shown, index)
    figure = go.Figure()
    sides = (("initial", initial, style.INITIAL_UNDER), ("learned", learned, style.LEARNED_LINE))
    for name, row, line in sides:
        low, _, high = (float(each[0]) for each in filter_bands(row[None], filters.sample_rate))
        where = (
            f"half of its weight lies<br>from {low:,.0f} to {high:,.0f} Hz" if np.isfinite(low) else "it hears nothing"
        )
        figure.add_scatter(
            x=positions(hz, axis),
            y=row,
            customdata=hz,
            name=name,
            mode="lines",
            line=line,
            hovertemplate=f"{name}: %{{y:.4g}} at %{{customdata:,.0f}} Hz<br>{where}<extra></extra>",
        )
    names = ["initial", "learned"]
    if _add_ear(figure, learned, filters.sample_rate, axis):
        names.append("ear's bandwidth")
    frequency_axis(figure, axis, hz[-1])
    figure.update_xaxes(range=positions(np.array(_audible_hz(hz, initial, learned)), axis).tolist())
    figure.update_yaxes(title_text=style.AXIS_WEIGHT, rangemode="tozero")
    finding = findings.one(filters, "mel", index)
    title = title or f"Mel filter {index}"
    return style.finish(figure, title=title, finding=finding, note=DRAWN[view], height=300, legend=names)


def mel_heatmaps(
    filters: Filters, *, chosen: int | None = None, view: View = "learned", axis: Axis = "hz", title: str | None = None
) -> go.Figure:
    """The mel filterbank as three maps: initial, learned, and the change between them.

    Args:
        filters: Filters before and after training.
        chosen: Number of a filter to point at (from 0); None points at none.
        view: Whether the learned filters are drawn as learned, or only their shapes or their gains.
        axis: Frequencies in Hz, or spaced by pitch.
        title: Title; None writes one.

    Returns:
        Figure with the heatmaps "initial", "learned" and "change"; rows are filters (from 0), columns frequencies.
        The dots "initial centres" and "learned centres" can be clicked (``customdata``: number of the filter and Hz).
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    (_, initial, _), (_, learned, _) = _sides(seen_as(filters, view))
    change = learned.astype(np.float64) - initial
    tops = [_largest(initial), _largest(learned)]
    if max(tops) <= COMPARABLE * min(tops):
        tops = [max(tops)] * 2
    lows = [min(0.0, -_largest(-initial)), min(0.0, -_largest(-learned))]
    reach = _largest(np.abs(change))
    panels: tuple[tuple[str, NDArray[np.floating], Any, float, float, str], ...] = (
        ("initial", initial, style.AMOUNT_SCALE, lows[0], tops[0], "Initial weight (no unit)"),
        ("learned", learned, style.AMOUNT_SCALE, lows[1], tops[1], "Learned weight (no unit)"),
        ("change", change, style.CHANGE_SCALE, -reach, reach, "Change: learned − initial weight"),
    )
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.09)
    for at, (name, values, scale, low, high, heading) in enumerate(panels, start=1):
        figure.add_heatmap(
            x=positions(hz, axis),
            y=np.arange(len(values)),
            z=values.astype(np.float32),
            text=None if axis == "hz" else np.tile(hz.round().astype(np.int32), (len(values), 1)),
            name=name,
            colorscale=scale,
            zmin=low,
            zmax=high,
            colorbar=style.colour_bar("", centre=1 - (at - 0.5) * 0.273 - (at - 1) * 0.09, length=0.3),
            hovertemplate=f"{name}, filter %{{y}}<br>"
            + ("%{x:,.0f}" if axis == "hz" else "%{text}")
            + " Hz: %{z:.4g}<extra></extra>",
            row=at,
            col=1,
        )
        if name != "change":
            figure.add_trace(_centre_dots(name, values, filters.sample_rate, axis), row=at, col=1)
        figure.update_yaxes(title_text="Mel filter (number)", range=[-0.5, len(values) - 0.5], row=at, col=1)
        frequency_axis(figure, axis, hz[-1], row=at, title=at == 3)
        figure.update_xaxes(range=positions(hz[[0, -1]], axis).tolist(), row=at, col=1)
        style.panel_heading(figure, at, heading)
        if chosen is not None:
            mark = {"showarrow": False, "x": 0, "xanchor": "right", "font": {"size": 13, "color": style.INK}}
            figure.add_annotation(text="▸", xref="x domain", y=chosen, **mark, row=at, col=1)
    note = _bank_note(filters, None, view)
    finding = findings.bank(filters, "mel", chosen)
    title = title or "Mel filterbank as a map"
    return style.finish(figure, title=title, finding=finding, note=note, height=660, heading=True)


def mel_change(filters: Filters, *, title: str | None = None) -> go.Figure:
    """Where the mel filters have grown and where they have shrunk, however little: one map.

    Args:
        filters: Filters before training and by now.
        title: Title; None writes one.

    Returns:
        Figure with the heatmap "change" in percent of the largest initial weight; rows are filters (from 0), columns
        frequencies (Hz). The colours reach as far as the largest change.
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    (_, initial, _), (_, learned, _) = _sides(filters)
    change = 100 * (learned.astype(np.float64) - initial) / _largest(initial)
    reach = _largest(np.abs(change))
    figure = go.Figure()
    figure.add_heatmap(
        x=hz,
        y=np.arange(len(change)),
        z=change.astype(np.float32),
        name="change",
        colorscale=style.CHANGE_SCALE,
        zmin=-reach,
        zmax=reach,
        colorbar=style.colour_bar("%", centre=0.5, length=0.9),
        hovertemplate="filter %{y}<br>%{x:,.0f} Hz: %{z:+.3g} % of the largest initial weight<extra></extra>",
    )
    figure.update_yaxes(title_text="Mel filter (number)", range=[-0.5, len(change) - 0.5])
    frequency_axis(figure, "hz", hz[-1])
    finding = findings.bank(filters, "mel", None)
    note = "Orange grew, blue shrank, in percent of the largest initial weight."
    return style.finish(figure, title=title or "Where the mel filters move", finding=finding, note=note, height=340)


def _add_ear(figure: go.Figure, learned: NDArray[np.float32], sample_rate: int, axis: Axis) -> bool:
    """A bar as wide as the ear's filter at the learned centre, at half of the filter's height."""
    centre = float(bank_facts(learned[None], sample_rate).centre_hz[0])
    if not np.isfinite(centre):
        return False
    width = float(erb_hz(centre))
    ends = positions(np.clip([centre - width / 2, centre, centre + width / 2], 0, sample_rate / 2), axis)
    figure.add_scatter(
        x=ends,
        y=np.full(3, _largest(learned) / 2),
        name="ear's bandwidth",
        mode="lines+markers",
        line={"color": style.VERMILLION, "width": 2.4},
        marker={"symbol": ["line-ns-open", "circle", "line-ns-open"], "size": [10, 6, 10]},
        hovertemplate=f"the ear's filter at {centre:,.0f} Hz is {width:,.0f} Hz wide<br>"
        "(equivalent rectangular bandwidth)<extra></extra>",
    )
    return True


def _bank_note(filters: Filters, chosen: int | None, view: View) -> str:
    note = change_note(filters, "mel") if chosen is None else f"Bold: filter {chosen}."
    return note + DRAWN[view]


def _sides(filters: Filters) -> tuple[tuple[str, NDArray[np.float32], dict[str, object]], ...]:
    return (
        ("initial", filters.initial.mel_basis, style.INITIAL_LINE),
        ("learned", filters.learned.mel_basis, style.LEARNED_LINE),
    )


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


def _many_lines(
    name: str,
    weights: NDArray[np.float32],
    hz: NDArray[np.float64],
    line: dict[str, object],
    opacity: float,
    axis: Axis,
) -> go.Scatter:
    """All rows as one trace."""
    numbers = np.repeat(np.arange(len(weights)), len(hz) + 1)
    along = np.tile(np.append(hz, 0), len(weights)).round()
    places, heights = as_one_line(hz, weights, axis)
    return go.Scatter(
        x=places,
        y=heights,
        customdata=np.stack([numbers, along], axis=1).astype(np.int16),
        name=name,
        mode="lines",
        opacity=opacity,
        line={**line, "width": 1, "dash": "4px,2px" if line["dash"] == "dash" else line["dash"]},
        connectgaps=False,
        hovertemplate=f"{name}, filter %{{customdata[0]}}<br>%{{customdata[1]:,}} Hz: weight %{{y:.4g}}<extra></extra>",
    )


def _one_line(
    name: str, row: NDArray[np.float32], hz: NDArray[np.float64], line: dict[str, object], index: int, axis: Axis
) -> go.Scatter:
    return go.Scatter(
        x=positions(hz, axis),
        y=row,
        customdata=hz,
        name=f"{name}, filter {index}",
        mode="lines",
        line=line,
        hovertemplate=f"{name}, filter {index}<br>%{{customdata:,.0f}} Hz: weight %{{y:.4g}}<extra></extra>",
    )


def _peak_dots(name: str, weights: NDArray[np.float32], filters: Filters, axis: Axis, colour: str) -> go.Scatter:
    """A small dot on top of each filter: lines cannot be clicked, markers can."""
    heard = np.flatnonzero(np.isfinite(weights).all(axis=1) & (weights > 0).any(axis=1))
    tops = weights[heard].argmax(axis=1)
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)[tops]
    return go.Scatter(
        x=positions(hz, axis),
        y=weights[heard, tops],
        customdata=np.stack([heard, hz.round()], axis=1).tolist(),
        name=f"{name} peaks",
        mode="markers",
        showlegend=False,
        marker={**style.DOT, "size": 8, "color": colour},
        hovertemplate=f"{name}, filter %{{customdata[0]}}: highest at %{{customdata[1]:,}} Hz<br>"
        "with a weight of %{y:.3g}; click to look at it<extra></extra>",
    )


def _leave_the_mouse_to_the_dots(figure: go.Figure) -> None:
    """Of a line and a dot in one place plotly may point out the line, and then a click chooses nothing."""
    figure.update_traces(hoverinfo="skip", hovertemplate=None, selector={"mode": "lines"})


def _centre_dots(name: str, weights: NDArray[np.float32], sample_rate: int, axis: Axis) -> go.Scatter:
    """The centre of each filter on a map: dots that can be clicked."""
    centre = filter_bands(weights, sample_rate)[1]
    heard = np.flatnonzero(np.isfinite(centre))
    return go.Scatter(
        x=positions(centre[heard], axis),
        y=heard,
        customdata=np.stack([heard, centre[heard].round()], axis=1).tolist(),
        name=f"{name} centres",
        mode="markers",
        showlegend=False,
        marker={"symbol": "circle-open", "size": 6, "color": style.OVER_AMOUNTS, "line": {"width": 1}},
        hovertemplate=f"{name}, filter %{{customdata[0]}}: its middle is at %{{customdata[1]:,}} Hz<br>"
        "click to look at it<extra></extra>",
    )
