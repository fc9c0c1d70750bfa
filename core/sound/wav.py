"""Sound as a file in memory: 16 bits, WAV."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

from core.config import SAMPLE_RATE
from core.records.arrays import FloatArray

FULL_SCALE = 32768


def as_recorded(clip: FloatArray) -> NDArray[np.int16]:
    """What a sound card delivers of a sound: 16 bits.

    >>> as_recorded(np.float32([-1, 0.5, 1])).tolist()
    [-32768, 16384, 32767]
    """
    return np.clip(np.round(clip * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def as_wav(samples: NDArray[np.int16]) -> bytes:
    """Samples as the content of a WAV file: a player that is given an array may change its level.

    >>> list(as_wav(np.int16([1, -1]))[-4:])
    [1, 0, 255, 255]
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()
