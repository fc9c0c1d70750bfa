"""Pictures of one sound: its waveform and its log-mel spectrogram."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures import style
from core.figures.findings import sounds as findings
from core.frontend.mel_scale import filter_centres
from core.records.filters import Filters

AXIS_TIME = "Time (s)"
ROUND_HZ = np.array([100, 300, 500, 1000, 1500, 2000, 3000, 4000, 6000, 10_000, 20_000], dtype=np.float64)
"""Frequencies that the axis of mel bands names, as far as they lie on it."""


def waveform(
    samples: NDArray[np.floating],
    sample_rate: int,
    *,
    start_s: float = 0.0,
    marked: tuple[float, float] | None = None,
    title: str | None = None,
    max_points: int = 2000,
) -> go.Figure:
    """A sound over time; long ones keep every peak, since each stretch shows its lowest and highest sample.

    Args:
        samples: Mono sound, shape (n,), full scale −1 to 1.
        sample_rate: Samples per second (Hz).
        start_s: Time of the first sample (s).
        marked: Start and end (s) of a stretch to shade, such as the second that the model heard.
        title: Title; None writes one.
        max_points: Most points drawn.

    Returns:
        Figure with the trace "sound".
    """
    at, heights = _envelope(np.asarray(samples, dtype=np.float32), max_points)
    figure = go.Figure(
        go.Scatter(
            x=start_s + at / sample_rate,
            y=heights,
            name="sound",
            mode="lines",
            line={"color": style.LEARNED_COLOUR, "width": 1},
            hovertemplate="%{x:.3f} s: %{y:.3f}<extra></extra>",
        )
    )
    if marked is not None:
        figure.add_vrect(x0=marked[0], x1=marked[1], fillcolor=style.ORANGE, opacity=0.2, line_width=0, layer="below")
    peak = float(np.max(np.abs(heights), initial=0.0, where=np.isfinite(heights)))
    figure.update_xaxes(title_text=AXIS_TIME, range=[start_s, start_s + max(len(samples), 1) / sample_rate])
    figure.update_yaxes(title_text="Amplitude (1 = full scale)", range=[-max(1.1 * peak, 0.02), max(1.1 * peak, 0.02)])
    if not len(heights):
        style.panel_note(figure, "There is no sound to show.")
    finding = findings.waveform(samples, sample_rate, start_s)
    return style.finish(figure, title=title or "Waveform", finding=finding, height=190)


def _envelope(samples: NDArray[np.float32], max_points: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Positions (in samples) and heights of at most ``max_points`` points that keep every peak."""
    n = len(samples)
    if n <= max_points:
        return np.arange(n, dtype=np.float64), samples
    stretch = -(-n // (max_points // 2))
    padded = np.pad(samples, (0, -n % stretch), mode="edge").reshape(-1, stretch)
    heights = np.stack([padded.min(axis=1), padded.max(axis=1)], axis=1).ravel()
    starts = np.arange(len(padded), dtype=np.float64) * stretch
    return np.repeat(starts + (stretch - 1) / 2, 2), heights


def log_mel_image(
    log_mel: NDArray[np.floating],
    *,
    hop_s: float,
    filters: Filters | None = None,
    centres_hz: NDArray[np.floating] | None = None,
    start_s: float = 0.0,
    title: str | None = None,
) -> go.Figure:
    """What the network sees: log-mel power over time and frequency.

    The frequency axis goes by the centres of the initial filters, since a learned filter may listen in several places.

    Args:
        log_mel: Natural logarithm of mel power, shape (n_mels, frames).
        hop_s: Time from one frame to the next (s).
        filters: Filters of the model, to put Hz on the axis.
        centres_hz: Centre of each band (Hz), shape (n_mels,), instead of ``filters``.
        start_s: Time of the first frame (s).
        title: Title; None writes one.

    Returns:
        Figure with the heatmap "log-mel".
    """
    values = np.asarray(log_mel, dtype=np.float32)
    n_mels, frames = values.shape
    centres = known_centres(n_mels, filters=filters, centres_hz=centres_hz)
    known = centres is not None
    where = ", about %{customdata:,.0f} Hz" if known else ""
    figure = go.Figure(
        go.Heatmap(
            x=start_s + np.arange(frames) * hop_s,
            y=np.arange(n_mels),
            z=values,
            name="log-mel",
            colorscale=style.AMOUNT_SCALE,
            colorbar=style.colour_bar("log power (natural log)"),
            customdata=np.repeat(centres.astype(np.float32)[:, None], frames, axis=1) if centres is not None else None,
            hovertemplate=f"%{{x:.2f}} s, band %{{y}}{where}<br>log power %{{z:.2f}}<extra></extra>",
        )
    )
    figure.update_xaxes(title_text=AXIS_TIME)
    figure.update_yaxes(title_text="Mel band (number)")
    if centres is not None:
        ticks = ROUND_HZ[(centres[0] <= ROUND_HZ) & (centres[-1] >= ROUND_HZ)]
        at = np.interp(ticks, centres, np.arange(n_mels))
        figure.update_yaxes(
            title_text="Frequency, mel spacing (Hz)", tickvals=at, ticktext=[f"{hz:,.0f}" for hz in ticks]
        )
    finding = findings.loudest(values, start_s, hop_s, centres)
    return style.finish(figure, title=title or "Log-mel spectrogram", finding=finding, height=280)


def known_centres(
    n_mels: int, *, filters: Filters | None = None, centres_hz: NDArray[np.floating] | None = None
) -> NDArray[np.float64] | None:
    """Centre of each mel band (Hz), (n_mels,); None where bands are in no order of frequency, or of another number."""
    if centres_hz is None and filters is not None:
        centres_hz = filter_centres(filters.initial.mel_basis, filters.sample_rate)
    if centres_hz is None or len(centres_hz) != n_mels or not np.all(np.diff(centres_hz) > 0):
        return None
    return np.asarray(centres_hz, dtype=np.float64)
