"""What happened to the filters, in one or two sentences for a title."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.figures.style import NBSP
from core.frontend.mel_scale import gain_and_shape
from core.records.filters import Filters

Part = Literal["mel", "stft"]


def untrained(filters: Filters, part: Part) -> str:
    """Sentence that says so if ``part`` of the front end was not trained or did not move; empty otherwise."""
    if not np.array_equal(*rows(filters, part), equal_nan=True):
        return ""
    name = "Mel filters" if part == "mel" else "STFT kernels"
    if filters.trains_mel if part == "mel" else filters.trains_stft:
        return f"{name} at epoch {filters.learned.epoch}: learned still equals initial."
    return f"{name} not trained: learned equals initial."


def change_note(filters: Filters, part: Part) -> str:
    """How the mel filters or the kernels changed as a whole: gain and shape apart, then what is broken."""
    initial, learned = rows(filters, part)
    broken = _broken(learned)
    if untrained(filters, part):
        return broken.strip()
    gain, shape = gain_and_shape(initial, learned)
    if not np.isfinite(gain).any() or not np.isfinite(shape).any():
        return f"Epoch {filters.learned.epoch}.{broken}"
    return (
        f"Epoch {filters.learned.epoch}. Median gain ×{NBSP}{np.nanmedian(gain):.3g}, "
        f"median shape change {percent(float(np.nanmedian(shape)))}.{broken}"
    )


def percent(share: float) -> str:
    """A share as a percentage that never rounds a change away.

    >>> [percent(share).replace(NBSP, " ") for share in (0.1234, 0.0001, 0)]
    ['12.3 %', 'below 0.1 %', '0 %']
    """
    if share < 1e-6:
        return f"0{NBSP}%"
    return f"below{NBSP}0.1{NBSP}%" if share < 0.001 else f"{100 * share:.3g}{NBSP}%"


def rows(filters: Filters, part: Part) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Initial and learned weights of one part, as matrices with a row a filter; cosine and sine of a bin are one."""
    a, b = filters.initial, filters.learned
    if part == "mel":
        return a.mel_basis, b.mel_basis
    return np.hstack([a.stft_cos, a.stft_sin]), np.hstack([b.stft_cos, b.stft_sin])


def _broken(learned: NDArray[np.floating]) -> str:
    """Sentences on rows that hold a NaN or are all zero; empty if there are none."""
    bad = ~np.isfinite(learned).all(axis=1)
    silent = ~bad & ~learned.any(axis=1)
    texts = []
    for rows, what in ((silent, "Silent (all zero)"), (bad, "Not numbers any more")):
        if rows.any():
            numbers = np.flatnonzero(rows)
            listed = ", ".join(map(str, numbers[:6])) + (" …" if numbers.size > 6 else "")
            texts.append(f" {what}: {numbers.size} (number {listed}).")
    return "".join(texts)
