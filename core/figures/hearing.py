"""One clip through the initial and the learned filters: what they see of it, and how they differ on it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import style
from core.figures.findings import filters as filter_findings
from core.figures.findings import sounds as findings
from core.figures.sound import AXIS_TIME, known_centres, log_mel_image
from core.frontend.mel_scale import bin_frequencies
from core.frontend.resynthesis import FINER, Comparison, Which, analysis_response
from core.records.filters import Filters

DEEPEST_DB = 80.0
"""How far below the loudest point colours go on changing; fainter is all the same colour."""

RESPONSE_FLOOR_DB = -60.0

LEAST_CHANGE_DB = 1.0
"""The scale of a difference reaches at least this far, so that rounding does not look like learning."""


def heard_log_mel(comparison: Comparison, filters: Filters, which: Which, *, title: str | None = None) -> go.Figure:
    """What the front end makes of a clip; initial and learned have one scale.

    Args:
        comparison: The clip through both sets of filters.
        filters: Both sets of filters, for the axes.
        which: Which of them.
        title: Title; None writes one.

    Returns:
        Figure with the heatmap "initial" or "learned" (dB).
    """
    both = np.concatenate([comparison.initial, comparison.learned], axis=1)
    top = float(np.max(both, initial=-np.inf, where=np.isfinite(both)))
    top = top if np.isfinite(top) else 0.0
    low = max(top - DEEPEST_DB, float(np.min(both, initial=top, where=np.isfinite(both))))
    figure = _image(getattr(comparison, which), filters)
    figure.data[0].update(
        name=which,
        zmin=low,
        zmax=max(top, low + 1),
        colorscale=style.AMOUNT_SCALE,
        colorbar=style.colour_bar("level (dB)"),
        hovertemplate=_hover(figure, "level %{z:.1f} dB"),
    )
    centres_hz = known_centres(len(both), filters=filters)
    finding = findings.loudest(getattr(comparison, which), 0.0, filters.hop_length / filters.sample_rate, centres_hz)
    return style.finish(figure, title=title or f"Through the {which} filters", finding=finding, height=260)


def heard_rest(comparison: Comparison, filters: Filters, *, title: str | None = None) -> go.Figure:
    """Where learned differs from initial once each band's gain is taken out: the change of shape, on this clip.

    Args:
        comparison: The clip through both sets of filters.
        filters: Both sets of filters, for the axes.
        title: Title; None writes one.

    Returns:
        Figure with the heatmap "difference" (dB), white at zero.
    """
    # What both call faint is left white: there the floor before the logarithm speaks, not the filters.
    louder = np.maximum(comparison.initial, comparison.learned - comparison.gain_db[:, None])
    faint = louder < np.max(louder, initial=-np.inf, where=np.isfinite(louder)) - DEEPEST_DB
    rest = np.where(faint, 0, comparison.rest_db)
    finite = np.abs(rest[np.isfinite(rest)])
    reach = max(float(np.percentile(finite, 99.5)) if finite.size else 0.0, LEAST_CHANGE_DB)
    figure = _image(rest, filters)
    figure.data[0].update(
        name="difference",
        zmin=-reach,
        zmax=reach,
        zmid=0,
        colorscale=style.CHANGE_SCALE,
        colorbar=style.colour_bar("learned − initial (dB)"),
        hovertemplate=_hover(figure, "%{z:+.1f} dB beyond the gain"),
    )
    note = "Learned less initial, each band's gain taken out. White: no change."
    finding = findings.beyond_gain(rest, known_centres(len(rest), filters=filters))
    title = title or "The rest of the difference"
    return style.finish(figure, title=title, finding=finding, note=note, height=260)


def heard_gain(
    comparison: Comparison, filters: Filters, *, chosen: int | None = None, title: str | None = None
) -> go.Figure:
    """How much louder each band is through the learned filters.

    Args:
        comparison: The clip through both sets of filters.
        filters: Both sets of filters, for the axes.
        chosen: Band to mark.
        title: Title; None writes one.

    Returns:
        Figure with the line "initial" at zero, the line "learned" (dB), a marker "chosen", and an invisible trace
        "pick", whose ``customdata`` is the band, for clicks.
    """
    n_mels = len(comparison.gain_db)
    bands = np.arange(n_mels)
    centres_hz = known_centres(n_mels, filters=filters)
    where = [""] * n_mels if centres_hz is None else [f", about {hz:,.0f} Hz" for hz in centres_hz]
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 0],
        y=[-0.5, n_mels - 0.5],
        name="initial",
        mode="lines",
        line=style.INITIAL_LINE,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=comparison.gain_db,
        y=bands,
        name="learned",
        mode="lines+markers",
        line=style.LEARNED_LINE,
        marker={"size": 5},
        hoverinfo="skip",
    )
    if chosen is not None and 0 <= chosen < n_mels:
        figure.add_trace(style.chosen(comparison.gain_db[chosen], chosen, 16))
    hovers = [
        f"Filter {band}{text}:<br>{gain:+.1f} dB through the learned filters"
        for band, text, gain in zip(bands, where, comparison.gain_db, strict=True)
    ]
    figure.add_trace(style.picks(comparison.gain_db.tolist(), bands.tolist(), bands.tolist(), hovers))
    reach = 1.15 * max(float(np.nanmax(np.abs(comparison.gain_db), initial=0.0)), LEAST_CHANGE_DB)
    figure.update_xaxes(title_text="Gain of the band on this clip (dB)", range=[-reach, reach])
    axis = _image(comparison.initial, filters).layout.yaxis
    figure.update_yaxes(
        title_text=axis.title.text, tickvals=axis.tickvals, ticktext=axis.ticktext, range=[-0.5, n_mels - 0.5]
    )
    note = "Dashed: initial. Blue: learned; to the right is louder. Click a point to hear that filter."
    finding = findings.band_gains(comparison.gain_db, centres_hz)
    return style.finish(figure, title=title or "Gain of each band", finding=finding, note=note, height=260)


def filter_response(filters: Filters, number: int, *, title: str | None = None) -> go.Figure:
    """How strongly one mel filter answers a tone, the STFT kernels before it included, each at its own peak 0 dB.

    Args:
        filters: Both sets of filters.
        number: The filter, from 0.
        title: Title; None writes one.

    Returns:
        Figure with the lines "initial" and "learned" (dB).
    """
    figure = go.Figure()
    hz = bin_frequencies(FINER * filters.n_fft, filters.sample_rate)
    lines = {"initial": style.INITIAL_UNDER, "learned": style.LEARNED_LINE}
    sides: tuple[Which, Which] = ("initial", "learned")
    responses = {which: analysis_response(filters, which, padding=FINER)[number] for which in sides}
    for which, response in responses.items():
        figure.add_scatter(
            x=hz,
            y=_decibels(response),
            name=which,
            mode="lines",
            line=lines[which],
            hovertemplate=f"{which}: a tone of %{{x:,.0f}} Hz comes out at %{{y:.1f}} dB<extra></extra>",
        )
    figure.update_xaxes(title_text=style.AXIS_HZ, range=[0, filters.sample_rate / 2])
    figure.update_yaxes(title_text="Answer to a tone (dB)", range=[RESPONSE_FLOOR_DB, 4])
    note = "Each at its own peak, so that only the shape is compared."
    title = title or f"What filter {number} lets through"
    finding = filter_findings.peak(f"filter {number}", hz, *responses.values())
    return style.finish(figure, title=title, finding=finding, note=note, height=220, legend=["initial", "learned"])


def _decibels(response: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power in dB below its peak; the floor where nothing passes."""
    peak = float(np.max(response, initial=0.0, where=np.isfinite(response)))
    return np.asarray(10 * np.log10(np.maximum(response / (peak or 1.0), 10 ** (RESPONSE_FLOOR_DB / 10))))


def _image(values: NDArray[np.floating], filters: Filters) -> go.Figure:
    """A picture over time and mel bands, with the axes of all log-mels."""
    figure = log_mel_image(values, hop_s=filters.hop_length / filters.sample_rate, filters=filters)
    figure.update_xaxes(title_text=AXIS_TIME)
    return figure


def _hover(figure: go.Figure, what: str) -> str:
    where = "" if figure.data[0].customdata is None else ", about %{customdata:,.0f} Hz"
    return f"%{{x:.2f}} s, filter %{{y}}{where}<br>{what}<extra></extra>"
