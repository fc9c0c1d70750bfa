"""What an exported model is compared on: real clips, and sounds at the ends of what a microphone gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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

N_CALIBRATION = 96
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

    def spread(self, n: int) -> Clips:
        """So many of the clips, evenly spread over them."""
        if n >= len(self.truth):
            return self
        some = np.linspace(0, len(self.truth) - 1, n).astype(int)
        return replace(self, title=f"{self.title}, {n} of them", waveforms=self.waveforms[some], truth=self.truth[some])


def real_clips(
    run: Path,
    places: Sequence[Path | None],
    vocabulary: Vocabulary,
    n: int | None,
    progress: Progress | None = None,
) -> Clips:
    """Test clips of the first dataset that has some, or else its validation clips; and training clips.

    Args:
        run: Run folder or checkpoint file; what it was enrolled with is never tested on.
        places: The datasets in turn; None for the demo words, which stand in also without any of the model's words.
        vocabulary: What the model tells apart.
        n: Size of the sample, each label in its share; None for all.
        progress: Called while a dataset is packed.

    Raises:
        DataError: If none of them can be used.
    """
    fault = DataError("No dataset was named.")
    for place in places:
        try:
            pack = open_data(place, progress=progress).with_words(vocabulary)
        except DataError as error:
            fault = error
            continue
        for protocol in vocabulary.protocols:
            if protocol == OWN:
                continue
            try:
                rows = pack.indices(protocol)
                require_unheard(run, pack, rows)
                return _clips(pack, rows, protocol_title(protocol, vocabulary), n)
            except DataError as error:
                fault = error
        if place is None:
            return _clips(pack, np.flatnonzero(pack.splits == "testing-list"), "none of the model's words", n)
    raise fault


def _clips(pack: Pack, rows: NDArray[np.int64], which: str, n: int | None) -> Clips:
    rows = rows[sample(pack.labels[rows], n)]
    training = np.flatnonzero(pack.splits == "train")
    known = training[pack.labels[training] != NO_LABEL]
    training = known if len(known) else training
    training = training[sample(pack.labels[training], N_CALIBRATION)]
    return Clips(
        title=f"{pack.title}, {which}, {len(rows):,} clips",
        data_key=pack.content,
        waveforms=np.stack([pack.clip(row) for row in rows.tolist()]),
        truth=pack.labels[rows],
        calibration_title=f"{pack.title}, {len(training):,} training clips",
        calibration=np.stack([pack.clip(row) for row in training.tolist()]),
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
