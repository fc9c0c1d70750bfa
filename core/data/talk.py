"""Talk to learn from that nobody said: training clips in pieces, one after another, with no whole keyword among them.

Of a stream a model hears every second, and most begin or end within a word. Clips of single words show none of that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, SAMPLE_RATE, SILENCE_LABEL
from core.data.noises import Recordings
from core.data.pack import Pack
from core.records.arrays import Waveform
from core.sound.levels import active_span, rms

N_MADE, MADE_S = 90, 10
"""Recordings of talk, and how long each is (s): a quarter of an hour."""

KEPT = (0.3, 0.6)
"""Least and largest share of a keyword that is left of it: its beginning or its end."""

LEVELS_DB = (-32.0, -18.0)
"""How loud a piece is, dB of full scale; words of the dataset lie near -22."""

NO_GAP = 0.5
"""Share of pieces that follow each other at once, as in a sentence."""

LONGEST_GAP_S = 0.3

EDGE = SAMPLE_RATE // 200
"""Samples over which a piece fades in and out, 5 ms, so that a cut does not click."""


def talk(data: Pack, seed: int) -> Recordings:
    """Talk made of the training clips of a dataset; the seed decides everything.

    Args:
        data: The dataset.
        seed: What the choice of clips and cuts is drawn from.
    """
    rng = np.random.default_rng((seed, 77))
    rows = data.indices("train")
    rows = rows[data.words[rows] != SILENCE_LABEL]
    return {f"talk {number}": _recording(data, rows, rng) for number in range(N_MADE)}


def _recording(data: Pack, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int16]:
    n = MADE_S * SAMPLE_RATE
    sound = np.zeros(n + CLIP_SAMPLES, np.float32)
    at = 0
    while at < n:
        row = int(rng.choice(rows))
        some = piece(data.clip(row), rng, whole=data.words[row] not in data.vocabulary.words)
        level = 10 ** (rng.uniform(*LEVELS_DB) / 20)
        sound[at : at + len(some)] += some * np.float32(level / max(rms(some), 1e-4))
        gap_s = 0.0 if rng.random() < NO_GAP else rng.uniform(0, LONGEST_GAP_S)
        at += len(some) + round(gap_s * SAMPLE_RATE)
    return np.asarray(np.clip(np.rint(sound[:n] * 32768), -32768, 32767), dtype=np.int16)


def piece(clip: Waveform, rng: np.random.Generator, *, whole: bool) -> Waveform:
    """The word of a clip (16 kHz, -1 to 1), or its beginning or end alone, with soft edges."""
    start, end = active_span(clip)
    if not whole:
        kept = max(2 * EDGE, int((end - start) * rng.uniform(*KEPT)))
        start, end = (start, start + kept) if rng.random() < 0.5 else (end - kept, end)
    cut = clip[start:end].copy()
    rising = np.linspace(0, 1, EDGE, endpoint=False, dtype=np.float32)
    cut[:EDGE] *= rising
    cut[-EDGE:] *= rising[::-1]
    return cut
