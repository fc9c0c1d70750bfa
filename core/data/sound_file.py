"""One sound file of a dataset as int16 samples at 16 kHz, or the problem with it."""

from __future__ import annotations

import os
import re
import struct
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.errors import AudioError
from core.records.data import Problem
from core.sound.decoding import Track, by_soundfile
from core.sound.files import at_once, open_file
from core.sound.headers import SAID_EMPTY, mended
from core.sound.mixing import Note, to_full_scale
from core.sound.resampling import NOTHING, Converter, trouble_with

LONGEST_NOISE_S = 600
"""Seconds of a long recording that are used (s)."""

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
    with open(path, "rb", buffering=0, opener=at_once) as stream:
        raw = stream.read(_HEADER_BYTES + 2 * CLIP_SAMPLES)
    n_bytes = int.from_bytes(raw[40:44], "little")
    plain = raw[:4] == b"RIFF" and raw[8:40] == _HEADER and 0 < n_bytes <= len(raw) - _HEADER_BYTES
    return np.frombuffer(raw, "<i2", n_bytes // 2, _HEADER_BYTES) if plain and n_bytes % 2 == 0 else None


def _any_sound(path: str, file: str, longest_s: int) -> Reading:
    """Read any file soundfile knows, bring it to mono at 16 kHz, and say what had to be done."""
    with open_file(path) as stream:
        if not os.fstat(stream.fileno()).st_size:
            return Reading(None, Problem(file, "the file is empty (0 bytes)", LEFT_OUT))
        length = mended(stream)
        if length.missing_bytes:
            what = f"it is cut off: {length.missing_bytes:,} bytes of the sound its header announces are missing"
            return Reading(None, Problem(file, what, LEFT_OUT))
        # A little more than is kept, so that resampling does not fade the last samples.
        with by_soundfile(length.stream, longest_s + 0.05) as track:
            return _converted(track, file, longest_s, said_empty=length.said_empty)


def _converted(track: Track, file: str, longest_s: int, *, said_empty: bool) -> Reading:
    rate, n_samples = track.rate, track.n_samples
    if n_samples == 0:
        return Reading(None, Problem(file, "it holds no samples", LEFT_OUT))
    if trouble := trouble_with(rate, track.n_channels):
        return Reading(None, Problem(file, f"it {trouble.rstrip('.')}", LEFT_OUT))
    converter = Converter(rate, track.n_channels)
    parts, n_read = [NOTHING], 0
    for _, block in track.blocks:
        parts.append(converter.push(block))
        n_read += len(block)
    samples = np.concatenate([*parts, converter.finish()])
    n_expected = min(n_samples or 1, int((longest_s + 0.05) * rate))
    if n_read < n_expected:
        what = f"it is damaged: only {n_read:,} of {n_expected:,} samples can be read"
        return Reading(None, Problem(file, what, LEFT_OUT))
    if not np.isfinite(samples).all():
        return Reading(None, Problem(file, "some of its samples are not numbers", LEFT_OUT))
    try:
        samples, scaled = to_full_scale(samples, "it")
    except AudioError as error:
        return Reading(None, Problem(file, str(error).rstrip("."), LEFT_OUT))

    notes = [SAID_EMPTY] if said_empty else []
    if track.n_channels > 1:
        notes.append(converter.note or Note(f"it has {track.n_channels} channels", "channels averaged"))
    if scaled:
        notes.append(scaled)
    if rate != SAMPLE_RATE:
        notes.append(Note(f"its sample rate is {rate} Hz, not {SAMPLE_RATE}", "resampled"))
    if max(n_samples or 0, n_read) > longest_s * rate:
        length = "second" if longest_s == 1 else f"{longest_s} seconds"
        notes.append(Note(f"it is {max(n_samples or 0, n_read) / rate:.2f} s long", f"first {length} used"))
    whole = np.clip(np.rint(samples[: longest_s * SAMPLE_RATE] * 32768), -32768, 32767).astype(np.int16)
    problem = Problem(file, "; ".join(n.what for n in notes), "; ".join(n.action for n in notes)) if notes else None
    return Reading(whole, problem)


def _unreadable(path: str, error: Exception) -> str:
    """One sentence for a file that could not be read."""
    if isinstance(error, FileNotFoundError):
        return "it is gone"
    if isinstance(error, PermissionError):
        return "it may not be read"
    # soundfile names what it was given: the file's path, or an object of ours.
    named = re.compile(rf"(Error opening )?({re.escape(repr(path))}|{re.escape(path)}|<[^>]* object at 0x[0-9a-f]+>)")
    reason = named.sub("", getattr(error, "strerror", None) or str(error)).strip(" :.")
    return f"it cannot be read as sound ({reason or type(error).__name__})"
