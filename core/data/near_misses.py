"""Near-misses: seconds of talk that a model took for keywords, kept to be learned as no keyword.

They lie beside the recordings of your own as ``near-misses/talk/<hash of its samples>.wav``: a folder in the layout of
``core.data.more``, in which "talk" is a word that is no keyword. Recordings of your own are tested on, so no near-miss
is one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.config import SAMPLE_RATE
from core.data import kept_clips
from core.data.kept_clips import Clip
from core.data.recordings import recordings_folder
from core.errors import DataError
from core.records.arrays import Waveform
from core.sound.wav import as_recorded

FOLDER, WORD = "near-misses", "talk"
"""The folder among the recordings of your own, and the one in it that is named after the word."""

BESIDE_S = 0.5
"""Seconds from the second that decided to its neighbours: the same sound, earlier and later."""


def near_misses_folder() -> Path:
    """Where they are kept; it may not be there yet.

    Raises:
        DataError: If there can be no folder of recordings (see ``recordings_folder``).
    """
    return recordings_folder() / FOLDER


def stretch(waveform: Waveform, start_s: float, seconds: float) -> Waveform:
    """A part of a recording; before its beginning and after its end is silence, as for a model that listens.

    Args:
        waveform: The recording, 16 kHz, (n,).
        start_s: Where the part begins; may be negative.
        seconds: How long it is.

    >>> stretch(np.float32([1, 2]), -1 / SAMPLE_RATE, 4 / SAMPLE_RATE).tolist()
    [0.0, 1.0, 2.0, 0.0]
    """
    start, n = round(start_s * SAMPLE_RATE), round(seconds * SAMPLE_RATE)
    part = waveform[max(0, start) : max(0, start + n)]
    before = min(n, max(0, -start))
    return np.pad(part, (before, n - before - len(part)))


def cuts(waveform: Waveform, heard_s: float) -> list[Clip]:
    """The second that a detection was decided on, and its neighbours, of which half must lie in the recording.

    Args:
        waveform: The recording, 16 kHz, -1 to 1, (n,).
        heard_s: End of the second that decided (see ``Detection``).
    """
    first = heard_s - 1
    length = len(waveform) / SAMPLE_RATE
    beside = [one for one in (first - BESIDE_S, first + BESIDE_S) if min(one + 1, length) - max(one, 0) >= 0.5]
    clips = [as_recorded(stretch(waveform, start, 1.0)) for start in (first, *beside)]
    return [clip for clip in clips if clip.any()]


def add(clips: Iterable[Clip], folder: Path) -> int:
    """Keep clips, each whole or not at all and none twice; answers how many are new.

    Args:
        clips: What to keep.
        folder: Where: ``near_misses_folder()``, or another one that ``train --more`` is given.

    Raises:
        WriteError: If one cannot be written; those before it are kept.
    """
    return kept_clips.add(clips, folder / WORD)


def are_kept(clips: Iterable[Clip], folder: Path) -> bool:
    """Whether all of these clips are there."""
    return all(_path(clip, folder).exists() for clip in clips)


def remove(clips: Iterable[Clip], folder: Path) -> None:
    """Delete these clips; those that are not there are no error.

    Raises:
        WriteError: If one cannot be deleted.
    """
    for clip in clips:
        kept_clips.remove(_path(clip, folder))


def count(folder: Path) -> int:
    """How many near-misses are kept.

    Raises:
        DataError: If the folder cannot be read.
    """
    return len(_files(folder))


def clear(folder: Path) -> None:
    """Delete all of them, and nothing else that lies there.

    Raises:
        DataError: If the folder cannot be read.
        WriteError: If one cannot be deleted.
    """
    for path in _files(folder):
        kept_clips.remove(path)


def _files(folder: Path) -> list[Path]:
    place = folder / WORD
    try:
        return kept_clips.files_in(place)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"Your near-misses in {place} cannot be read ({error.strerror}).") from error


def _path(clip: Clip, folder: Path) -> Path:
    return kept_clips.path_of(clip, folder / WORD)
