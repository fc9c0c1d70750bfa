"""Where the clips of a longer recording begin, found in its sound."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.data.source import SILENCE_HOP, Cut


def found_cuts(pattern: Cut, cutting: Literal["", "utterances", "seconds"], samples: NDArray[np.int16]) -> list[Cut]:
    """The clips of a recording: the second around each utterance, or a second every half second.

    A recording of up to a second is one clip, and keeps its name; others have where they begin behind it.

    Args:
        pattern: The clip that begins with the recording.
        cutting: Which of the two.
        samples: The recording at 16 kHz, (n,).

    >>> [cut.file for cut in found_cuts(Cut(0, "yes", "train", "", "yes/a.wav"), "seconds", np.zeros(32_000, np.int16))]
    ['yes/a.wav', 'yes/a.wav@0.5s', 'yes/a.wav@1s']
    """
    if cutting == "utterances":
        from core.sound.word_second import utterance_seconds  # its filters take a moment to import, and few need them

        starts = utterance_seconds(samples.astype(np.float32) / np.float32(32768))
    else:
        starts = list(range(0, max(1, len(samples) - CLIP_SAMPLES + 1), SILENCE_HOP))
    return [_moved(pattern, start) for start in starts]


def _moved(pattern: Cut, start: int) -> Cut:
    file = f"{pattern.file}@{start / SAMPLE_RATE:g}s" if start else pattern.file
    return pattern._replace(start=start, file=file)
