"""One sound file of a dataset as int16 samples at 16 kHz, or the problem with it."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.results import Problem

LONGEST_NOISE_S = 600
"""Seconds of a long recording that are used (s)."""

LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000
"""Sample rates that can be made into 16 kHz (Hz); anything else is a damaged header."""

LEFT_OUT = "left out"

_HEADER = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16) + b"data"
_HEADER_BYTES = 44


class Reading(NamedTuple):
    """What a file gave: int16 samples at 16 kHz, None if it cannot be used; and what was wrong with it, if anything."""

    samples: NDArray[np.int16] | None
    problem: Problem | None


def read_sound(path: str, file: str, *, whole: bool = False) -> Reading:
    """Read a clip (its first second), or with ``whole`` a long recording.

    16-bit audio at 16 kHz comes back exactly as it stands in the file. A clip shorter than a second stays short.

    Args:
        path: Where the file is.
        file: Its name inside the dataset, for the report.
        whole: Read up to ``LONGEST_NOISE_S`` seconds instead of the first one.
    """
    try:
        samples = None if whole else _plain_clip(path)
        if samples is not None:
            return Reading(samples, None)
        return _any_sound(path, file, LONGEST_NOISE_S if whole else 1)
    except (OSError, soundfile.SoundFileError, ValueError, MemoryError) as error:
        return Reading(None, Problem(file, _unreadable(path, error), LEFT_OUT))


def _plain_clip(path: str) -> NDArray[np.int16] | None:
    """The samples of a WAV of the official kind (16 kHz, mono, 16 bit, up to one second); None for any other file.

    Nearly every file is of this kind, and reading it directly takes a fifth of the time soundfile takes.
    """
    # Not Path.open: making a path for each of a hundred thousand files takes longer than opening them.
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123
        raw = stream.read(_HEADER_BYTES + 2 * CLIP_SAMPLES)
    n_bytes = int.from_bytes(raw[40:44], "little")
    plain = raw[:4] == b"RIFF" and raw[8:40] == _HEADER and 0 < n_bytes <= len(raw) - _HEADER_BYTES
    return np.frombuffer(raw, "<i2", n_bytes // 2, _HEADER_BYTES) if plain and n_bytes % 2 == 0 else None


def _any_sound(path: str, file: str, longest_s: int) -> Reading:
    """Read any file soundfile knows, bring it to mono at 16 kHz, and say what had to be done."""
    if Path(path).stat().st_size == 0:
        return Reading(None, Problem(file, "the file is empty (0 bytes)", LEFT_OUT))
    with soundfile.SoundFile(path) as sound:
        rate, channels, frames = sound.samplerate, sound.channels, sound.frames
        if frames == 0:
            return Reading(None, Problem(file, "it holds no samples", LEFT_OUT))
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            return Reading(None, Problem(file, f"its sample rate is {rate} Hz", LEFT_OUT))
        if missing := _missing_bytes(path):
            what = f"it is cut off: {missing:,} bytes of the sound its header announces are missing"
            return Reading(None, Problem(file, what, LEFT_OUT))
        exact = rate == SAMPLE_RATE and channels == 1 and sound.subtype == "PCM_16"
        # A little more than is kept, so that resampling does not fade the last samples.
        n_read = min(frames, longest_s * rate + (0 if rate == SAMPLE_RATE else rate // 20))
        block = sound.read(n_read, dtype="int16" if exact else "float64", always_2d=True)
    if len(block) < n_read:
        what = f"it is damaged: only {len(block):,} of {n_read:,} samples can be read"
        return Reading(None, Problem(file, what, LEFT_OUT))

    faults: list[tuple[str, str]] = []
    if not exact:
        if not np.isfinite(block).all():
            return Reading(None, Problem(file, "some of its samples are not numbers", LEFT_OUT))
        block = block.mean(axis=1)
        if channels > 1:
            faults.append((f"it has {channels} channels", "channels averaged"))
        if rate != SAMPLE_RATE:
            block = soxr.resample(block, rate, SAMPLE_RATE)
            faults.append((f"its sample rate is {rate} Hz, not {SAMPLE_RATE}", "resampled"))
        block = np.clip(np.rint(block * 32768), -32768, 32767).astype(np.int16)
    if frames > longest_s * rate:
        length = "second" if longest_s == 1 else f"{longest_s} seconds"
        faults.append((f"it is {frames / rate:.2f} s long", f"first {length} used"))
    problem = Problem(file, "; ".join(f[0] for f in faults), "; ".join(f[1] for f in faults)) if faults else None
    return Reading(block.reshape(-1)[: longest_s * SAMPLE_RATE], problem)


def _missing_bytes(path: str) -> int:
    """Bytes that a WAV's header announces beyond the end of the file; 0 for whole files and other formats.

    soundfile reads a cut-off file as if it were a shorter one, so the header has to be looked at.
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as stream:
        opening = stream.read(12)
        if opening[:4] != b"RIFF" or opening[8:] != b"WAVE":
            return 0
        while len(chunk := stream.read(8)) == 8:
            n_bytes = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                # Programs that write to a pipe cannot know the length and put one of these in its place.
                streamed = n_bytes == 0 or n_bytes >= 0x7FFF_F000
                return 0 if streamed else max(0, stream.tell() + n_bytes - size)
            stream.seek(n_bytes + n_bytes % 2, os.SEEK_CUR)
    return 0


def _unreadable(path: str, error: Exception) -> str:
    """One sentence for a file that could not be read."""
    if isinstance(error, FileNotFoundError):
        return "it is gone"
    if isinstance(error, PermissionError):
        return "it may not be read"
    reason = str(error).replace(repr(path), "").replace(path, "").strip(" :.")
    return f"it cannot be read as sound ({reason or type(error).__name__})"
