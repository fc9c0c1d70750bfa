"""Answers of an exported file beside those of the model it was made from."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.export.sounds import Clips
from core.records.export import Compared, Measured

Logits = NDArray[np.float32]
"""(n, n_labels)."""

N_TIMED, N_WARM = 30, 5
"""Answers to one clip that are timed, and those before them that are not."""


def compared(sound: str, theirs: Logits, ours: Logits) -> Compared:
    """A file's answers to sounds of one kind beside the model's."""
    same = (theirs.argmax(axis=1) == ours.argmax(axis=1)) & np.isfinite(ours).all(axis=1)
    return Compared(
        sound=sound, n=len(ours), largest_difference=float(np.abs(theirs - ours).max()), same=int(same.sum())
    )


def measured(form: str, answers: Logits, clips: Clips, one_clip_ms: float, n_bytes: int | None) -> Measured:
    """How many of the clips one form of a model answers right."""
    labelled = clips.truth >= 0
    right = (answers.argmax(axis=1) == clips.truth) & labelled
    return Measured(form=form, right=int(right.sum()), n=int(labelled.sum()), one_clip_ms=one_clip_ms, n_bytes=n_bytes)


def median_ms(answer: Callable[[], object]) -> float:
    """Median time of an answer (ms)."""
    times = []
    for number in range(N_WARM + N_TIMED):
        started = time.perf_counter()
        answer()
        if number >= N_WARM:
            times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times))
