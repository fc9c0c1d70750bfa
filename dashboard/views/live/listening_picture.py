"""What models make of a stream, as small numbers that a browser can draw."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import SILENCE_LABEL, Vocabulary
from core.figures.sound import ROUND_HZ
from core.figures.style import word_line
from core.frontend.mel_scale import filter_centres
from core.inference import Listening
from core.records.filters import Filters
from dashboard.shared.wording import word

LONGEST_S = 12.0
"""Seconds of a stream that an answer holds at most: what the browser shows, and a little more."""

SCALE = (-23.5, 8.5)
"""Natural logarithms of mel power that become the bytes 0 and 255: digital silence, and louder than full scale."""


@dataclass(frozen=True)
class Look:
    """How a model's lane is drawn."""

    title: str
    labels: tuple[dict[str, Any], ...]
    axis: str
    """What the spectrogram's axis is."""
    ticks: tuple[tuple[float, str], ...]
    """Places on that axis, in mel bands, and what stands there."""
    n_mels: int
    frame_s: float


def look(title: str, labels: Sequence[str], filters: Filters) -> Look:
    """The look of a model with these labels and filters."""
    axis, ticks = _axis(filters)
    return Look(
        title=title,
        labels=tuple(_label(label, labels) for label in labels),
        axis=axis,
        ticks=ticks,
        n_mels=len(filters.initial.mel_basis),
        frame_s=filters.hop_length / filters.sample_rate,
    )


def _label(label: str, labels: Sequence[str]) -> dict[str, Any]:
    style = word_line(label, labels)
    return {
        "text": word(label),
        # Ink is the page's own colour, which the browser knows.
        "colour": style["color"] if label in Vocabulary.of_labels(labels).words else "",
        "dash": _DASHES.get(style["dash"]) or [int(part) for part in re.findall(r"\d+", style["dash"])],
        "drawn": label != SILENCE_LABEL,
    }


_DASHES = {"dash": [7, 4], "dot": [2, 3], "dashdot": [7, 3, 2, 3], "longdash": [12, 4], "longdashdot": [12, 3, 2, 3]}
"""Plotly's names of dashes, in pixels; others are named by theirs, and a solid line has none."""


def _axis(filters: Filters) -> tuple[str, tuple[tuple[float, str], ...]]:
    """Round frequencies and where they lie among the centres of the initial filters, as in the other figures.

    Filters without any order are numbered.
    """
    centres = filter_centres(filters.initial.mel_basis, filters.sample_rate)
    if not np.all(np.diff(centres) > 0):
        return "filter (number)", tuple((float(band), str(band)) for band in range(0, len(centres), 10))
    shown = ROUND_HZ[(centres[0] <= ROUND_HZ) & (centres[-1] >= ROUND_HZ)]
    bands = np.interp(shown, centres, np.arange(len(centres)))
    return "frequency (Hz)", tuple((float(band), f"{hz:,.0f}") for band, hz in zip(bands, shown, strict=True))


def lane(listening: Listening, name: str, drawn: Look, after_s: float) -> dict[str, Any]:
    """What one model made of the stream after ``after_s``."""
    decisions = listening.decisions(name, after_s)
    columns = [decision.log_mel for decision in decisions]
    end_s = decisions[-1].end_s if decisions else 0.0
    joined = np.concatenate([np.zeros((drawn.n_mels, 0), np.float32), *columns], axis=1)
    return {
        "name": name,
        "title": drawn.title,
        "labels": drawn.labels,
        "axis": drawn.axis,
        "ticks": drawn.ticks,
        "n_mels": drawn.n_mels,
        "frame_s": drawn.frame_s,
        "columns": {
            "end": round(end_s / drawn.frame_s),
            # Column after column, low bands first.
            "bytes": _bytes((joined.T - SCALE[0]) / (SCALE[1] - SCALE[0])),
        },
        "decisions": {
            "end_s": [round(decision.end_s, 4) for decision in decisions],
            "smoothed": _bytes(np.array([decision.smoothed for decision in decisions])),
            "level_db": [round(decision.level_db, 1) for decision in decisions],
            "speaking": [bool(decision.speaking) for decision in decisions],
        },
    }


def _bytes(shares: NDArray[np.floating]) -> str:
    """Numbers in 0 to 1 as bytes 0 to 255, in base64."""
    return base64.b64encode(np.clip(np.rint(255 * shares), 0, 255).astype(np.uint8).tobytes()).decode()
