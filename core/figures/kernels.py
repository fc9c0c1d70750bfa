"""Pictures of the STFT kernels: the sine and cosine that each frequency bin compares a frame with."""

from __future__ import annotations

from typing import Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.figures.describe import change_note, row_note
from core.mel import bin_frequencies, decibels, gain_and_shape, kernel_magnitude
from core.results import Filters, FilterSnapshot

Part = Literal["cos", "sin"]
Parts = Literal["cos", "sin", "both"]

NAMES = {"cos": "Cosine kernel", "sin": "Sine kernel", "both": "Cosine and sine kernel"}
FLOOR_DB = -80.0
AXIS_DB = "Response (dB)"


def kernel_time(
    filters: Filters, bin: int, part: Part = "cos", *, same_gain: bool = False, title: str | None = None
) -> go.Figure:
    """One kernel over time, initial and learned.

    Args:
        filters: Filters before and after training.
        bin: Number of the frequency bin, from 0.
        part: The cosine or the sine kernel.
        same_gain: Whether the learned kernel is divided by its gain, so that only its shape differs.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned".
    """
    initial, learned = _kernels(filters.initial, part)[bin], _kernels(filters.learned, part)[bin]
    milliseconds = np.arange(filters.n_fft) * (1000 / filters.sample_rate)
    shown = learned / _gain(initial, learned) if same_gain else learned
    figure = go.Figure()
    for name, values, line in (("initial", initial, style.INITIAL_UNDER), ("learned", shown, style.LEARNED_LINE)):
        figure.add_scatter(
            x=milliseconds,
            y=values,
            name=name,
            mode="lines",
            # Thinner than elsewhere: high bins have many cycles.
            line={**line, "width": 0.8 * line["width"]},
            hovertemplate=f"{name}: %{{y:.4g}} at %{{x:.2f}} ms<extra></extra>",
        )
    figure.update_xaxes(title_text="Time in the frame (ms)", range=[0, milliseconds[-1]])
    figure.update_yaxes(title_text=style.AXIS_WEIGHT)
    return _finish(figure, filters, bin, part, row_note(initial, learned), same_gain, title)


def kernel_spectrum(
    filters: Filters, bin: int, part: Parts = "both", *, same_gain: bool = False, title: str | None = None
) -> go.Figure:
    """How strongly one bin answers a tone, over the tone's frequency, initial and learned.

    Args:
        filters: Filters before and after training.
        bin: Number of the frequency bin, from 0.
        part: The cosine kernel, the sine kernel, or "both": their power added, as the spectrogram does.
        same_gain: Whether the learned kernel is divided by its gain, so that only its shape differs.
        title: Title; None writes one.

    Returns:
        Figure with the traces "initial" and "learned" in dB; 0 dB is the initial peak.
    """
    initial, learned = (_stacked(snapshot, part)[:, bin] for snapshot in (filters.initial, filters.learned))
    gain = _gain(initial.ravel(), learned.ravel()) if same_gain else 1.0
    before, after = _magnitude(initial), _magnitude(learned) / gain
    reference = float(before.max())
    hz = bin_frequencies(4 * filters.n_fft, filters.sample_rate)
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
    figure.add_vline(
        x=nominal_hz,
        line={"color": style.INK, "width": 1, "dash": "dot"},
        annotation_text=f"bin {bin}: {nominal_hz:,.0f} Hz",
        annotation_position="top right" if nominal_hz < filters.sample_rate / 4 else "top left",
    )
    top = max(0.0, *(float(np.max(each, initial=FLOOR_DB, where=np.isfinite(each))) for each in levels))
    figure.update_xaxes(title_text="Frequency of the tone (Hz)")
    figure.update_yaxes(title_text=f"{AXIS_DB}, 0 = initial peak", range=[FLOOR_DB, top + 12])
    return _finish(figure, filters, bin, part, row_note(initial.ravel(), learned.ravel()), same_gain, title)


def kernel_heatmaps(filters: Filters, part: Parts = "both", *, title: str | None = None) -> go.Figure:
    """What every kernel answers to: bins against frequency, initial and learned.

    Args:
        filters: Filters before and after training.
        part: The cosine kernels, the sine kernels, or "both": their power added.
        title: Title; None writes one.

    Returns:
        Figure with the heatmaps "initial" and "learned" in dB; 0 dB is the largest initial answer.
    """
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    before, after = (_magnitude(_stacked(each, part), padding=1) for each in (filters.initial, filters.learned))
    reference = float(before.max())
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.12)
    for at, (name, values) in enumerate((("initial", before), ("learned", after)), start=1):
        level = decibels(values, reference=reference, floor_db=FLOOR_DB).astype(np.float32)
        figure.add_heatmap(
            x=hz,
            y=np.arange(len(level)),
            z=level,
            name=name,
            colorscale=style.AMOUNT_SCALE,
            zmin=FLOOR_DB,
            zmax=0,
            showscale=at == 1,
            colorbar=style.colour_bar(AXIS_DB),
            hovertemplate=f"{name}, bin %{{y}}<br>tone of %{{x:,.0f}} Hz: %{{z:.1f}} dB<extra></extra>",
            row=at,
            col=1,
        )
        figure.update_yaxes(title_text="Frequency bin (number)", row=at, col=1)
        style.panel_heading(figure, at, name.capitalize())
    figure.update_xaxes(title_text="Frequency of the tone (Hz)", row=2, col=1)
    note = f"A thin diagonal: each bin answers to its own pitch. {change_note(filters, 'stft')}"
    title = title or f"{NAMES[part]} of every bin"
    return style.finish(figure, title=title, note=note, height=560, heading=True)


def _finish(
    figure: go.Figure, filters: Filters, bin: int, part: Parts, change: str, same_gain: bool, title: str | None
) -> go.Figure:
    """Title and note of a figure about one bin."""
    nominal_hz = bin * filters.sample_rate / filters.n_fft
    note = f"Not trained in setting {filters.setting}: learned equals initial." if not filters.trains_stft else change
    if same_gain:
        note += " Drawn with the gain taken out."
    title = title or f"{NAMES[part]} of bin {bin} ({nominal_hz:,.0f} Hz)"
    return style.finish(figure, title=title, note=note, height=300, legend=("initial", "learned"))


def _kernels(snapshot: FilterSnapshot, part: Part) -> NDArray[np.float32]:
    return snapshot.stft_cos if part == "cos" else snapshot.stft_sin


def _stacked(snapshot: FilterSnapshot, part: Parts) -> NDArray[np.float32]:
    """The kernels asked for, shape (1 or 2, n_bins, n_fft)."""
    parts: tuple[Part, ...] = ("cos", "sin") if part == "both" else (part,)
    return np.stack([_kernels(snapshot, each) for each in parts])


def _magnitude(kernels: NDArray[np.float32], padding: int = 4) -> NDArray[np.float64]:
    """Root of the summed power over the first axis: what cosine and sine answer together, whatever the phase."""
    return np.asarray(np.sqrt((kernel_magnitude(kernels, padding=padding) ** 2).sum(axis=0)))


def _gain(initial: NDArray[np.floating], learned: NDArray[np.floating]) -> float:
    gain = float(gain_and_shape(initial, learned)[0])
    return gain if np.isfinite(gain) and gain > 0 else 1.0
