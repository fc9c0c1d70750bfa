"""Seconds of sound kept as files that are named after what they hold, so that none is kept twice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.errors import AudioError, WriteError
from core.files.writing import clear_leftovers, make_folder, write_bytes
from core.records.arrays import Waveform
from core.sound.wav import as_recorded, as_wav

Clip = NDArray[np.int16]
"""A second of sound, 16 kHz, (16000,)."""

NAME = re.compile(r"[0-9a-f]{32}\.wav")
"""What the files are called."""


def key_of(clip: Clip) -> str:
    """SHA-256 of the sound of a clip.

    Raises:
        ValueError: If it is no such clip.
    """
    if clip.shape != (CLIP_SAMPLES,) or clip.dtype != np.int16:
        raise ValueError(f"a clip is a second of 16-bit sound, not {clip.dtype} of shape {clip.shape}")
    return hashlib.sha256(clip.astype("<i2").tobytes()).hexdigest()


def path_of(clip: Clip, place: Path) -> Path:
    """The file of a clip in a folder, whether it is there or not."""
    return place / f"{key_of(clip)[:32]}.wav"


def files_in(place: Path) -> list[Path]:
    """The files of a folder that are called so.

    Raises:
        OSError: If it cannot be read.
    """
    return [path for path in place.iterdir() if NAME.fullmatch(path.name)]


def add(clips: Iterable[Clip], place: Path) -> int:
    """Keep clips, each whole or not at all and none twice; answers how many are new.

    Raises:
        WriteError: If one cannot be written; those before it are kept.
    """
    make_folder(place)
    clear_leftovers(place)
    n_new = 0
    for clip in clips:
        path = path_of(clip, place)
        if not path.exists():
            write_bytes(path, as_wav(clip))
            n_new += 1
    return n_new


def add_seconds(waveform: Waveform, place: Path) -> int:
    """Keep the seconds of a recording (16 kHz, -1 to 1, (n,)), one after the other; answers how many are new.

    Raises:
        AudioError: If it is shorter than a second.
        WriteError: If one cannot be written.
    """
    n = len(waveform) // CLIP_SAMPLES
    if not n:
        raise AudioError(f"It is {len(waveform) / SAMPLE_RATE:.1f} s long; a second is the least. Record for longer.")
    return add((as_recorded(second) for second in waveform[: n * CLIP_SAMPLES].reshape(n, CLIP_SAMPLES)), place)


def remove(path: Path) -> None:
    """Delete a file; one that is gone is no error.

    Raises:
        WriteError: If it cannot be deleted.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(error, path) from error
