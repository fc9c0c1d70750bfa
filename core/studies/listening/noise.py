"""Background noise for a test track: whole recordings that training did not hear, put together from a pack's rows."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath

import numpy as np

from core.config import CLIP_SAMPLES, SAMPLE_RATE, SILENCE_LABEL
from core.data.pack import Pack
from core.records.arrays import Waveform

EXCERPT_S = 5.0
"""Longest stretch of a recording that is laid down at once."""

FADE_S = 0.05
"""Length of the cross-fade from one excerpt to the next."""

Noise = dict[str, list[Waveform]]
"""Name of a recording to its unbroken pieces, each at least a second long."""


def unheard_noise(pack: Pack, protocol: str) -> Noise:
    """The noise recordings that training did not hear, for the track of one protocol.

    These are the recordings that the silence of that protocol was cut from, as far as the file names tell which they
    are. The official test set of Speech Commands does not tell (and most of its silence was cut from the training
    recordings), so there the recording of the validation silence serves both: its first half the validation track, its
    second half the test track.

    Returns:
        Recordings by name; empty if the pack has none.
    """
    own = _recordings(pack, protocol)
    validation = own if protocol == "validation" else _recordings(pack, "validation")
    if protocol != "validation" and own:
        return own
    if _recordings(pack, "official"):
        return validation
    return {name: _half(pieces, first=protocol == "validation") for name, pieces in validation.items()}


def noise_bed(noise: Noise, n_samples: int, rng: np.random.Generator) -> Waveform:
    """Random excerpts end to end, cross-faded, each with an RMS of 1; shape (n_samples,)."""
    pieces = [piece for pieces in noise.values() for piece in pieces]
    lengths = np.array([len(piece) for piece in pieces], dtype=np.float64)
    fade = round(FADE_S * SAMPLE_RATE)
    # The noises add up as powers, so the fades do too.
    rising = np.sqrt(np.linspace(0, 1, fade, endpoint=False, dtype=np.float32))
    bed = np.zeros(n_samples + round(EXCERPT_S * SAMPLE_RATE), np.float32)
    at = 0
    while at < n_samples:
        piece = pieces[rng.choice(len(pieces), p=lengths / lengths.sum())]
        length = min(len(piece), round(EXCERPT_S * SAMPLE_RATE))
        first = int(rng.integers(len(piece) - length + 1))
        excerpt = piece[first : first + length]
        excerpt = excerpt / max(float(np.sqrt(np.mean(excerpt**2))), 1e-5)
        excerpt[:fade] *= rising
        excerpt[-fade:] *= rising[::-1]
        bed[at : at + length] += excerpt
        at += length - fade
    return bed[:n_samples]


def _recordings(pack: Pack, split: str) -> Noise:
    """Recordings whose windows are the silence of a split, put together again where the windows overlap or touch."""
    windows: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in np.flatnonzero((pack.splits == split) & (pack.words == SILENCE_LABEL)).tolist():
        file, _, start = str(pack.files[row]).rpartition("@")
        if file:
            # The demo words' files begin so; the names of training noises do not.
            name = PurePosixPath(file).stem.removeprefix("noise_")
            windows[name].append((round(float(start.removesuffix("s")) * SAMPLE_RATE), row))
    return {name: _joined(pack, sorted(found)) for name, found in windows.items()}


def _joined(pack: Pack, windows: list[tuple[int, int]]) -> list[Waveform]:
    pieces: list[list[Waveform]] = []
    end = -1
    for start, row in windows:
        if start > end:
            pieces.append([])
            end = start
        pieces[-1].append(pack.clip(row)[end - start :])
        end = start + CLIP_SAMPLES
    return [np.concatenate(parts) for parts in pieces]


def _half(pieces: list[Waveform], *, first: bool) -> list[Waveform]:
    """One half of a recording; what is shorter than two seconds cannot be shared and stays whole."""
    halves = []
    for piece in pieces:
        middle = len(piece) // 2
        whole = middle < CLIP_SAMPLES
        halves.append(piece if whole else piece[:middle] if first else piece[middle:])
    return halves
