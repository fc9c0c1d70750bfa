"""Answers of an exported file beside those of the model it was made from."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.source import Progress
from core.errors import ExportError
from core.export.sounds import Clips
from core.records.export import MOST_LOST, Compared, Measured, ParityCard

Logits = NDArray[np.float32]
"""(n, n_labels)."""

BATCH = 8
"""Clips answered at once: what flows between the layers of so few stays in the processor's cache."""

N_TIMED, N_WARM = 30, 5
"""Answers to one clip that are timed, and those before them that are not."""


def in_parts(
    answer: Callable[[Tensor], Tensor], given: NDArray[np.float32], progress: Progress | None = None
) -> NDArray[np.float32]:
    """What is answered to clips, or to their features, (n, ...), some at a time.

    Args:
        answer: A model, or a part of one, on the CPU.
        given: What it takes.
        progress: Called with clips done, clips in all, and what is being done.
    """
    parts: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for some in torch.from_numpy(given).split(BATCH):
            parts.append(answer(some).numpy())
            if progress:
                progress(sum(map(len, parts)), len(given), "Comparing with the model")
    return np.concatenate(parts)


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


def require_parity(card: ParityCard, advice: str, into: str = "") -> None:
    """Raises ExportError, with an advice, if a file misses what it must keep of its model."""
    if card.misses:
        n = card.compared[0].n
        few = f" One of {n} is {1 / n:.1%}: --clips all would tell more." if card.lost and n * MOST_LOST < 1 else ""
        raise ExportError(
            f"{card.run} was not exported{into}: {'; '.join(card.misses)} (measured on {card.clips}).{few}{advice}"
        )
