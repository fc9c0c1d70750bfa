"""Pictures of numbers by filter: gain beside shape, where each listens and how widely, where the bank is sensitive."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.findings import filters as findings
from core.figures.frequency_axis import Axis, frequency_axis, positions
from core.frontend.filter_facts import BankFacts, FilterFacts, erb_hz

AXIS_GAIN = "Gain (× initial)"
AXIS_SHAPE = "Shape change (%)"
SWAPPED_COLOUR = style.VERMILLION


def gain_by_filter(facts: FilterFacts, *, chosen: int | None = None, title: str | None = None) -> go.Figure:
    """How much louder each filter became, and how much its form changed, filter by filter.

    Args:
        facts: Numbers of the filters.
        chosen: Number of a filter to point at; None points at none.
        title: Title; None writes one.

    Returns:
        Figure with the clickable traces "gain" and "shape change" (%); ``customdata`` is the number of the filter.
    """
    numbers = np.arange(len(facts.gain))
    return gain_and_shape_panels(
        numbers,
        facts.gain,
        facts.shape,
        texts=[f"filter {number}" for number in numbers],
        chosen=chosen,
        axis="Mel filter (number)",
        title=title or "Louder, or different?",
        note="Above: how much louder each filter became. Below: how much of it no louder or quieter start explains.",
    )


def gain_and_shape_panels(
    numbers: NDArray[np.integer],
    gain: NDArray[np.float64],
    shape: NDArray[np.float64],
    *,
    texts: list[str],
    chosen: int | None,
    axis: str,
    title: str,
    note: str,
) -> go.Figure:
    """Gain above and change in shape below, by number of a filter or kernel; every marker can be clicked."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.12)
    size = np.full(len(numbers), 7 if len(numbers) <= 80 else 4)
    if chosen is not None:
        size[chosen] = 13
    panels = (
        (1, "gain", gain, "gain × %{y:.3g}", 1.0),
        (2, "shape change", 100 * shape, "%{y:.3g} % of it is new in shape", 0.0),
    )
    for row, name, values, said, rest in panels:
        # Stems from "nothing changed" to the value; a gap after each.
        figure.add_scatter(
            x=np.repeat(numbers, 3),
            y=np.stack([np.full_like(values, rest), values, np.full_like(values, np.nan)], axis=1).ravel(),
            mode="lines",
            line={"color": style.LEARNED_COLOUR, "width": 1},
            name=f"{name} stems",
            hoverinfo="skip",
            row=row,
            col=1,
        )
        figure.add_scatter(
            x=numbers,
            y=values,
            customdata=numbers.tolist(),
            text=texts,
            name=name,
            mode="markers",
            marker={**style.DOT, "size": size, "opacity": 1, "color": style.LEARNED_COLOUR},
            hovertemplate=f"%{{text}}: {said}<br>click to look at it<extra></extra>",
            row=row,
            col=1,
        )
        figure.add_hline(y=rest, line={**style.INITIAL_LINE}, row=row, col=1)
    known = gain[np.isfinite(gain) & (gain > 0)]
    # At least a factor of 1.25 each way, so that next to nothing looks like next to nothing.
    low, high = min([1 / 1.25, *known]), max([1.25, *known])
    ends, ticks = np.log10([low, high]), _gain_ticks(low, high)
    room = 0.06 * float(np.ptp(ends))
    marks = {"tickmode": "array", "tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}
    reach = [ends[0] - room, ends[1] + room]
    figure.update_yaxes(type="log", title_text=AXIS_GAIN, range=reach, **marks, row=1, col=1)
    largest = float(np.max(shape, initial=0.0, where=np.isfinite(shape)))
    figure.update_yaxes(title_text=AXIS_SHAPE, range=[0, min(106.0, max(5.0, 112 * largest))], row=2, col=1)
    figure.update_xaxes(title_text=axis, row=2, col=1)
    figure.update_xaxes(range=[-1, len(numbers)])
    style.panel_heading(figure, 1, "Gain")
    style.panel_heading(figure, 2, "Shape")
    finding = findings.gains_and_shapes(gain, shape, texts)
    return style.finish(figure, title=title, finding=finding, note=note, height=400, heading=True)


def _gain_ticks(low: float, high: float) -> list[float]:
    """A few round gains between two ends; always 1."""
    fine = [0.125, 0.25, 0.5, 0.8, 1, 1.25, 2, 4, 8]
    coarse = [0.01, 0.1, 1, 10, 100, 1000, 10_000]
    ticks = fine if high / low < 100 else coarse
    inside = [tick for tick in ticks if 0.9 * low <= tick <= 1.1 * high]
    if high / low > 3:
        inside = [tick for tick in inside if tick not in (0.8, 1.25)]
    return inside


def filter_spans(
    facts: FilterFacts, sample_rate: int, *, chosen: int | None = None, axis: Axis = "hz", title: str | None = None
) -> go.Figure:
    """Where each filter listens before and after training, and which neighbours changed places.

    Args:
        facts: Numbers of the filters.
        sample_rate: Samples per second (Hz).
        chosen: Number of a filter to point at; None points at none.
        axis: Frequencies in Hz, or spaced by pitch.
        title: Title; None writes one.

    Returns:
        Figure with the bars "initial band" and "learned band", the clickable dots "initial" and "learned" at the
        centres (``customdata``: number, low end, centre, high end in Hz), and "changed places" where there are any.
    """
    figure = go.Figure()
    numbers = np.arange(len(facts.gain))
    sides = (
        ("learned", facts.learned, style.LEARNED_LINE, "circle", 0.0, 2.6),
        ("initial", facts.initial, style.INITIAL_LINE, "circle-open", 0.36, 1.6),
    )
    for name, bank, line, symbol, offset, width in sides:
        low, centre, high = (positions(each, axis) for each in (bank.low_hz, bank.centre_hz, bank.high_hz))
        gap = np.full_like(low, np.nan)
        figure.add_scatter(
            x=np.stack([low, high, gap], axis=1).ravel(),
            y=np.repeat(numbers + offset, 3),
            name=f"{name} band",
            mode="lines",
            line={**line, "width": width},
            hoverinfo="skip",
        )
        size = np.full(len(numbers), 7)
        if chosen is not None:
            size[chosen] = 13
        figure.add_scatter(
            x=centre,
            y=numbers + offset,
            customdata=np.stack([numbers, bank.low_hz, bank.centre_hz, bank.high_hz], axis=1).tolist(),
            name=name,
            legendrank=1 if name == "initial" else 2,
            mode="markers",
            marker={"symbol": symbol, "size": size, "opacity": 1, "color": line["color"], "line": {"width": 1.2}},
            hovertemplate=f"{name}, filter %{{customdata[0]}}<br>half of its weight lies from "
            "%{customdata[1]:,.0f}<br>to %{customdata[3]:,.0f} Hz; the middle is %{customdata[2]:,.0f} Hz"
            "<br>click to look at it<extra></extra>",
        )
    legend = ["initial", "learned"]
    if facts.ordered and facts.swapped:
        figure.add_trace(_swaps(facts, axis))
        legend.append("changed places")
    for trace in figure.data:
        trace.showlegend = trace.name in legend
    figure.update_yaxes(title_text="Mel filter (number)", range=[-1.2, len(numbers) + 0.4])
    frequency_axis(figure, axis, sample_rate / 2)
    figure.update_xaxes(range=positions(np.array([0, sample_rate / 2]), axis).tolist())
    note = "Bar: the middle half of the filter's weight. Dot: half of the weight on either side."
    finding = findings.spans(facts)
    title = title or "Where each mel filter listens"
    return style.finish(figure, title=title, finding=finding, note=note, height=440, legend=legend)


def _swaps(facts: FilterFacts, axis: Axis) -> go.Scatter:
    """Lines between the centres of neighbours that changed places."""
    pairs = facts.swapped
    centre = facts.learned.centre_hz
    return go.Scatter(
        x=positions(np.array([[centre[a], centre[b], np.nan] for a, b in pairs]).ravel(), axis),
        y=np.array([[a, b, np.nan] for a, b in pairs]).ravel(),
        name="changed places",
        legendrank=3,
        mode="lines",
        line={"color": SWAPPED_COLOUR, "width": 3, "dash": "dot"},
        hoverinfo="skip",
    )


def filter_widths(facts: FilterFacts, *, chosen: int | None = None, title: str | None = None) -> go.Figure:
    """How widely each filter listens against where, beside the filters of the human ear.

    Args:
        facts: Numbers of the filters.
        chosen: Number of a filter to point at; None points at none.
        title: Title; None writes one.

    Returns:
        Figure with the line "ear" and the clickable traces "initial" and "learned" (``customdata``: number, centre,
        width, the ear's width there).
    """
    figure = go.Figure()
    hz = np.geomspace(50, 8000, 60)
    figure.add_scatter(
        x=hz,
        y=erb_hz(hz),
        name="ear (ERB)",
        mode="lines",
        line={"color": SWAPPED_COLOUR, "width": 2, "dash": "dot"},
        hovertemplate="the ear's filter at %{x:,.0f} Hz is %{y:,.0f} Hz wide<extra></extra>",
    )
    numbers = np.arange(len(facts.gain))
    sides: tuple[tuple[str, BankFacts, str, str], ...] = (
        ("initial", facts.initial, style.INITIAL_COLOUR, "circle-open"),
        ("learned", facts.learned, style.LEARNED_COLOUR, "circle"),
    )
    for name, bank, colour, symbol in sides:
        size = np.full(len(numbers), 8)
        if chosen is not None:
            size[chosen] = 14
        figure.add_scatter(
            x=bank.centre_hz,
            y=bank.width_hz,
            customdata=np.stack([numbers, bank.centre_hz, bank.width_hz, erb_hz(bank.centre_hz)], axis=1).tolist(),
            name=name,
            mode="markers",
            marker={**style.outlined(symbol, size, colour), "opacity": 1},
            hovertemplate=f"{name}, filter %{{customdata[0]}}<br>%{{customdata[2]:,.0f}} Hz wide at "
            "%{customdata[1]:,.0f} Hz,<br>where the ear's filter is %{customdata[3]:,.0f} Hz wide"
            "<br>click to look at it<extra></extra>",
        )
    figure.update_xaxes(type="log", title_text="Centre (Hz)", tickvals=[100, 200, 500, 1000, 2000, 5000])
    figure.update_yaxes(type="log", title_text="Bandwidth (Hz)", tickvals=[20, 50, 100, 200, 500, 1000, 2000, 5000])
    note = "Bandwidth: of a box as high as the filter and of the same area. Dotted: the same for the human ear."
    legend = ("ear (ERB)", "initial", "learned")
    finding = findings.widths(facts)
    title = title or "How widely each filter listens"
    return style.finish(figure, title=title, finding=finding, note=note, height=320, legend=legend)


def band_sensitivity(
    initial: NDArray[np.float64],
    learned: NDArray[np.float64],
    edges_hz: NDArray[np.float64],
    *,
    title: str | None = None,
) -> go.Figure:
    """Where the whole bank is sensitive, before and after training.

    Args:
        initial: Share of the initial bank's weight in each band, 0 to 1, shape (n_bands,).
        learned: The same after training.
        edges_hz: Ends of the bands (Hz), shape (n_bands + 1,).
        title: Title; None writes one.

    Returns:
        Figure with the bars "initial" and "learned" in percent.
    """
    bands = [f"{low:,.0f}–{high:,.0f}" for low, high in pairwise(edges_hz)]
    figure = go.Figure()
    hatched = {"shape": "/", "fgcolor": style.INITIAL_COLOUR, "size": 5}
    hollow = {"color": style.WHITE, "line": {"color": style.INITIAL_COLOUR, "width": 1.4}, "pattern": hatched}
    looks = (("initial", initial, hollow), ("learned", learned, {"color": style.LEARNED_COLOUR}))
    # The lower bar first: on an upright axis the next one stands above it.
    for name, shares, marker in looks[::-1]:
        figure.add_bar(
            y=bands,
            x=100 * shares,
            orientation="h",
            name=name,
            legendrank=1 if name == "initial" else 2,
            marker=marker,
            customdata=100 * (learned - initial),
            hovertemplate=f"{name}: %{{x:.1f}} % of the weight lies<br>between %{{y}} Hz "
            "(change: %{customdata:+.1f} points)<extra></extra>",
        )
    figure.update_layout(barmode="group", bargap=0.28, bargroupgap=0.06)
    figure.update_xaxes(title_text="Share of the bank's weight (%)", rangemode="tozero")
    figure.update_yaxes(title_text="Band (Hz)", type="category")
    title, finding = title or "Where the whole bank is sensitive", findings.bands(initial, learned, edges_hz)
    height = max(260, 36 * len(bands))
    return style.finish(figure, title=title, finding=finding, height=height, legend=("initial", "learned"))
