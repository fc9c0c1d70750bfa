"""Pictures of the STFT kernels: the sine and cosine that each frequency bin compares a frame with."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.describe import change_note
from core.figures.filter_measures import gain_and_shape_panels
from core.figures.filterbank import DRAWN
from core.figures.findings import filters as findings
from core.frontend.filter_facts import View, seen_as
from core.frontend.kernel_facts import PADDING, KernelFacts, pair_power
from core.frontend.mel_scale import bin_frequencies, decibels
from core.records.filters import Filters, FilterSnapshot

FLOOR_DB = -80.0
NEAR_BINS = 12
"""Bins on either side that a close-up of a response shows."""

INITIAL_KEY = f'<span style="color:{style.INITIAL_COLOUR}">- - initial</span>'
LEARNED_KEY = f'<span style="color:{style.LEARNED_COLOUR}">— learned</span>'
"""The two line styles, written in their own colours."""

AXIS_DB = "Response (dB)"
AXIS_TONE = "Frequency of the tone (Hz)"


def kernel_time(filters: Filters, bin: int, *, view: View = "learned", title: str | None = None) -> go.Figure:
    """One pair of kernels over time, initial and learned: cosine, sine, and the envelope of both.

    Args:
        filters: Filters before and after training.
        bin: Number of the frequency bin, from 0.
        view: Whether the learned kernels are drawn as learned, or only their shape or their gain.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned" in three panels.
    """
    shown = seen_as(filters, view)
    milliseconds = np.arange(filters.n_fft) * (1000 / filters.sample_rate)
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.1)
    sides = (("initial", shown.initial, style.INITIAL_UNDER), ("learned", shown.learned, style.LEARNED_LINE))
    for name, snapshot, line in sides:
        for row, values in enumerate(_in_time(snapshot, bin), start=1):
            figure.add_scatter(
                x=milliseconds,
                y=values,
                name=name,
                mode="lines",
                # Thinner than elsewhere: high bins have many cycles.
                line={**line, "width": 0.8 * line["width"]},
                hovertemplate=f"{name}: %{{y:.4g}} at %{{x:.2f}} ms<extra></extra>",
                row=row,
                col=1,
            )
    headings = (f"Cosine: {INITIAL_KEY}, {LEARNED_KEY}", "Sine", "Envelope: how loud the pair is")
    for row, heading in enumerate(headings, start=1):
        style.panel_heading(figure, row, heading)
    figure.update_xaxes(range=[0, milliseconds[-1]])
    figure.update_xaxes(title_text="Time in the frame (ms)", row=3, col=1)
    figure.update_yaxes(nticks=4)
    figure.update_yaxes(title_text=style.AXIS_WEIGHT, row=2, col=1)
    figure.update_yaxes(rangemode="tozero", row=3, col=1)
    title = title or f"Kernels of {_named(filters, bin)} over time"
    finding = findings.one(filters, "stft", bin)
    return style.finish(figure, title=title, finding=finding, note=DRAWN[view], height=420, heading=True)


def kernel_spectrum(
    filters: Filters, bin: int, *, view: View = "learned", near: bool = False, title: str | None = None
) -> go.Figure:
    """How strongly one pair of kernels answers a tone, over the tone's frequency, initial and learned.

    Args:
        filters: Filters before and after training.
        bin: Number of the frequency bin, from 0.
        view: Whether the learned kernels are drawn as learned, or only their shape or their gain.
        near: Whether only the tones near the initial peak are shown.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned" in dB; 0 dB is the initial peak.
    """
    shown = seen_as(filters, view)
    before, after = (_response(snapshot, bin) for snapshot in (shown.initial, shown.learned))
    reference = float(np.max(before, initial=0.0, where=np.isfinite(before)))
    hz = bin_frequencies(PADDING * filters.n_fft, filters.sample_rate)
    nominal_hz = bin * filters.sample_rate / filters.n_fft
    figure = go.Figure()
    levels = [decibels(each, reference=reference, floor_db=FLOOR_DB) for each in (before, after)]
    lines = (style.INITIAL_UNDER, style.LEARNED_LINE)
    for name, values, line in zip(("initial", "learned"), levels, lines, strict=True):
        figure.add_scatter(
            x=hz,
            y=values,
            name=name,
            mode="lines",
            line=line,
            hovertemplate=f"{name}: %{{y:.1f}} dB for a tone of %{{x:,.0f}} Hz<extra></extra>",
        )
    if _is_tuned(before, hz, nominal_hz, filters):
        figure.add_vline(
            x=nominal_hz,
            line={"color": style.INK, "width": 1, "dash": "dot"},
            annotation_text=f"bin {bin}: {nominal_hz:,.0f} Hz",
            annotation_position="top right" if nominal_hz < filters.sample_rate / 4 or near else "top left",
        )
    top = max(0.0, *(float(np.max(each, initial=FLOOR_DB, where=np.isfinite(each))) for each in levels))
    figure.update_xaxes(title_text=AXIS_TONE, range=_window(before, hz, filters) if near else [0, hz[-1]])
    figure.update_yaxes(title_text=f"{AXIS_DB}, 0 = initial peak", range=[FLOOR_DB, top + 12])
    return style.finish(
        figure,
        title=title or f"What {_named(filters, bin)} answers to",
        finding=findings.peak(_named(filters, bin), hz, before, after),
        note=DRAWN[view],
        height=400,
        legend=("initial", "learned"),
    )


def kernel_changes(
    filters: Filters, facts: KernelFacts, *, chosen: int | None = None, title: str | None = None
) -> go.Figure:
    """How much louder each pair of kernels became, and how much its form changed, bin by bin.

    Args:
        filters: Filters before and after training.
        facts: Numbers of the same kernels.
        chosen: Number of a bin to point at; None points at none.
        title: Title; None writes one.

    Returns:
        Figure with the clickable traces "gain" and "shape change" (%); ``customdata`` is the number of the bin.
    """
    numbers = np.arange(len(facts.gain))
    return gain_and_shape_panels(
        numbers,
        facts.gain,
        facts.shape,
        texts=[_named(filters, int(number)) for number in numbers],
        chosen=chosen,
        axis="Frequency bin (number)",
        title=title or "Which bins changed, and how",
        note=f"Above: louder or quieter. Below: different in form. {change_note(filters, 'stft')}",
    )


def kernel_heatmaps(filters: Filters, *, view: View = "learned", title: str | None = None) -> go.Figure:
    """What every pair of kernels answers to: bins against frequency; initial, learned, and the difference.

    Args:
        filters: Filters before and after training.
        view: Whether the learned kernels are drawn as learned, or only their shapes or their gains.
        title: Title; None writes one.

    Returns:
        Figure with the heatmaps "initial" and "learned" in dB on one scale, 0 dB being the largest initial answer, and
        "difference" in dB of the two as drawn.
    """
    shown = seen_as(filters, view)
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    before, after = (
        np.sqrt(pair_power(each.stft_cos, each.stft_sin, padding=1)) for each in (shown.initial, shown.learned)
    )
    reference = float(np.max(before, initial=0.0, where=np.isfinite(before)))
    levels = [decibels(each, reference=reference, floor_db=FLOOR_DB) for each in (before, after)]
    difference = levels[1] - levels[0]
    sizes = np.abs(difference[np.isfinite(difference)])
    # A few cells beyond the end of the scale are worth seeing the rest.
    reach = max(1.0, float(np.quantile(sizes, 0.998))) if sizes.size else 1.0
    panels = (
        ("initial", levels[0], style.AMOUNT_SCALE, FLOOR_DB, 0.0, "Initial (dB)"),
        ("learned", levels[1], style.AMOUNT_SCALE, FLOOR_DB, 0.0, "Learned (dB)"),
        ("difference", difference, style.CHANGE_SCALE, -reach, reach, "Difference: learned − initial (dB)"),
    )
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    for at, (name, level, scale, low, high, heading) in enumerate(panels, start=1):
        said = "%{z:+.1f} dB against the start" if name == "difference" else "%{z:.1f} dB"
        figure.add_heatmap(
            x=hz,
            y=np.arange(len(level)),
            z=level.astype(np.float32),
            name=name,
            colorscale=scale,
            zmin=low,
            zmax=high,
            colorbar=style.colour_bar("", centre=1 - (at - 0.5) * 0.28 - (at - 1) * 0.08, length=0.28),
            hovertemplate=f"{name}, bin %{{y}}<br>tone of %{{x:,.0f}} Hz: {said}<extra></extra>",
            row=at,
            col=1,
        )
        figure.update_yaxes(title_text="Bin (number)", row=at, col=1)
        style.panel_heading(figure, at, heading)
    figure.update_xaxes(title_text=AXIS_TONE, row=3, col=1)
    note = f"Bright: a strong answer. 0{style.NBSP}dB: the strongest before training. {change_note(filters, 'stft')}"
    title = title or f"What all {len(before)} bins answer to"
    finding = findings.largest_difference(filters, difference)
    return style.finish(figure, title=title, finding=finding, note=note + DRAWN[view], height=760, heading=True)


def _in_time(snapshot: FilterSnapshot, bin: int) -> tuple[NDArray[np.float32], ...]:
    cosine, sine = snapshot.stft_cos[bin], snapshot.stft_sin[bin]
    return cosine, sine, np.hypot(cosine, sine)


def _response(snapshot: FilterSnapshot, bin: int) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(pair_power(snapshot.stft_cos[bin], snapshot.stft_sin[bin])))


def _named(filters: Filters, bin: int) -> str:
    return findings.filter_name(filters, "stft", bin)


def _is_tuned(before: NDArray[np.float64], hz: NDArray[np.float64], nominal_hz: float, filters: Filters) -> bool:
    """Whether the initial kernels listen to their bin's frequency; random ones do not."""
    bin_hz = filters.sample_rate / filters.n_fft
    return bool(np.isfinite(before).all() and abs(hz[before.argmax()] - nominal_hz) <= 2 * bin_hz)


def _window(before: NDArray[np.float64], hz: NDArray[np.float64], filters: Filters) -> list[float]:
    middle = float(hz[np.nan_to_num(before).argmax()])
    reach = NEAR_BINS * filters.sample_rate / filters.n_fft
    return [max(0.0, middle - reach), min(float(hz[-1]), middle + reach)]
