"""What an exported model is compared on: real clips, and sounds at the ends of what a microphone gives."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, NO_LABEL, OWN, Vocabulary, protocol_title
from core.data.pack import Pack, open_data
from core.data.source import Progress
from core.errors import DataError
from core.records.arrays import Waveform
from core.statistics import sample
from core.studies.enrolment import require_unheard

N_CALIBRATION = 160
"""Training clips on which the ranges of int8 are found."""

N_LOUD = 24
"""Real clips that are also played at full scale."""

NOISE_DB = (-80, -60, -40, -20, -6)
"""Levels of white noise (dB of full scale)."""


@dataclass(frozen=True, eq=False)
class Clips:
    """Real clips to measure on, and training clips to find ranges on."""

    title: str
    """Which clips they are, for people."""
    data_key: str
    """``Pack.content`` of where they come from."""
    waveforms: Waveform
    """(n, 16000)."""
    truth: NDArray[np.int64]
    """Number of the label of each."""
    calibration_title: str
    calibration: Waveform
    """(n_calibration, 16000)."""


def real_clips(
    run: Path, root: Path | None, vocabulary: Vocabulary, n: int | None, progress: Progress | None = None
) -> Clips:
    """Test clips of a dataset, or else validation clips, or else those of the demo words; and training clips.

    Args:
        run: Run folder or checkpoint file; what it was enrolled with is never tested on.
        root: The dataset; None for the demo words. If it cannot be used any more, the demo words stand in.
        vocabulary: What the model tells apart.
        n: Size of the sample, each label in its share; None for all.
        progress: Called while a dataset is packed.

    Raises:
        DataError: If there are no demo words either.
    """
    for place in dict.fromkeys((root, None)):
        with suppress(DataError):
            pack = open_data(place, progress=progress).with_words(vocabulary)
            for protocol in vocabulary.protocols:
                with suppress(DataError):
                    if protocol != OWN:
                        rows = pack.indices(protocol)
                        require_unheard(run, pack, rows)
                        return _clips(pack, rows, protocol_title(protocol, vocabulary), n)
    pack = open_data(None, progress=progress).with_words(vocabulary)
    rows = np.flatnonzero((pack.splits == "testing-list") & (pack.labels != NO_LABEL))
    if not len(rows):  # words alone, and none of them among the demo words
        rows = np.flatnonzero(pack.splits == "testing-list")
    return _clips(pack, rows, "testing list, none of the model's words", n)


def _clips(pack: Pack, rows: NDArray[np.int64], which: str, n: int | None) -> Clips:
    rows = rows[sample(pack.labels[rows], n)]
    training = np.flatnonzero(pack.splits == "train")
    known = training[pack.labels[training] != NO_LABEL]
    training = known if len(known) else training
    training = training[sample(pack.labels[training], N_CALIBRATION)]
    return Clips(
        title=f"{pack.title}, {which}, {len(rows):,} clips",
        data_key=pack.content,
        waveforms=np.stack([pack.clip(row) for row in rows]),
        truth=pack.labels[rows],
        calibration_title=f"{pack.title}, {len(training):,} training clips",
        calibration=np.stack([pack.clip(row) for row in training]),
    )


def extreme_sounds(clips: Waveform) -> dict[str, Waveform]:
    """Silence, full scale and noise by name, each (n, 16000).

    At full scale are some of the clips, once as loud as they go and once 20 dB louder and cut off, and noise whose
    every sample is somewhere between the ends. Pure tones at full scale are left out: behind them most bands hold
    nothing but rounding, of which each program has its own.
    """
    random = np.random.default_rng(0)
    some = clips[np.linspace(0, len(clips) - 1, min(N_LOUD, len(clips))).astype(int)]
    loud = some / np.maximum(np.abs(some).max(axis=1, keepdims=True), np.float32(1e-9))
    white = [random.standard_normal((4, CLIP_SAMPLES)) * 10 ** (level / 20) for level in NOISE_DB]
    sounds = {
        "silence": np.zeros((1, CLIP_SAMPLES)),
        "full scale": np.concatenate([loud, np.clip(10 * loud, -1, 1), random.uniform(-1, 1, (8, CLIP_SAMPLES))]),
        "noise": np.concatenate(white).clip(-1, 1),
    }
    return {name: sound.astype(np.float32) for name, sound in sounds.items()}
